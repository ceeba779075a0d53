import { useCallback } from 'preact/hooks';
import type { RemoteParticipant } from '../room-client';
import type { Call } from './call';
import { Controls } from './controls';
import { Tile } from './tile';
import { TileArea } from './tile_area';

/** The call itself: everybody's pictures, a shared screen large before them, and the controls below. */
export function Stage({ call }: { call: Call }) {
  const others = call.client.others;
  const screens = others.flatMap((person) =>
    person.tracks.filter(({ source }) => source === 'screen').map((track) => ({ person, track })),
  );
  return (
    <main class="stage">
      <header class="stage-head">
        <h1>{call.identity?.room}</h1>
        <span class="muted">{others.length === 0 ? 'Nobody else is here yet' : `${others.length + 1} people`}</span>
        <Status call={call} />
      </header>
      <div class={`stage-body${screens.length > 0 ? ' with-screen' : ''}`}>
        {screens.length > 0 && (
          <TileArea count={screens.length} class="screens">
            {screens.map(({ person, track }) => (
              <Tile
                key={`${person.id}-${track.mid}`}
                name={`${person.display}’s screen`}
                user={person.userId}
                source="screen"
                video={track.track}
                whole
                paused={track.paused}
              />
            ))}
          </TileArea>
        )}
        <TileArea count={others.length + 1} class="people">
          {others.map((person) => (
            <Person key={person.id} person={person} call={call} />
          ))}
          <Tile
            name={`${call.identity?.name ?? ''} (you)`}
            user={call.identity?.userId ?? ''}
            source="self"
            video={call.cameraOff ? undefined : call.media.camera}
            self
            muted={call.muted}
            quality={call.quality.get('')}
          />
        </TileArea>
      </div>
      <Controls call={call} />
    </main>
  );
}

function Person({ person, call }: { person: RemoteParticipant; call: Call }) {
  const camera = person.tracks.find(({ source }) => source === 'camera');
  const microphone = person.tracks.find(({ source }) => source === 'microphone');
  const { client } = call;
  const sharesScreen = person.tracks.some(({ source }) => source === 'screen');
  // Who shares a screen is asked for whole: the room knows one wish for each person.
  const onSize = useCallback(
    (place: object, height: number | undefined) => {
      if (height === undefined || sharesScreen) client.hideVideo(person.id, place);
      else client.showVideo(person.id, place, height);
    },
    [client, person.id, sharesScreen],
  );
  return (
    <Tile
      name={person.display}
      user={person.userId}
      source="camera"
      video={camera?.track}
      audio={microphone?.track}
      paused={camera?.paused === true}
      onSize={onSize}
      quality={call.quality.get(person.id)}
    />
  );
}

function Status({ call }: { call: Call }) {
  return (
    <span class="status" role="status">
      {statusOf(call)}
    </span>
  );
}

function statusOf({ state, connection, client }: Call): string {
  if (state === 'reconnecting') return 'Reconnecting…';
  if (connection === 'failed' || connection === 'disconnected') return 'The connection is interrupted…';
  if (connection === 'connecting') return 'Connecting…';
  return client.provider === 'p2p' ? 'Direct' : 'Through the server';
}
