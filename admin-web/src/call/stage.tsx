import { useEffect, useRef, useState } from 'preact/hooks';
import type { RemoteParticipant } from '../room-client';
import type { Call } from './call';
import { Controls } from './controls';
import { gridFor } from './layout';
import { Tile } from './tile';

/** The call itself: everybody's pictures, and the controls below them. */
export function Stage({ call }: { call: Call }) {
  const area = useRef<HTMLDivElement>(null);
  const size = useSize(area);
  const others = call.client.others;
  const screens = others.flatMap((person) =>
    person.tracks.filter(({ source }) => source === 'screen').map((track) => ({ person, track })),
  );
  const count = others.length + screens.length + 1;
  const { width, height } = gridFor(count, size.width, size.height);
  useEffect(() => {
    area.current?.style.setProperty('--tile-width', `${width}px`);
    area.current?.style.setProperty('--tile-height', `${height}px`);
  }, [width, height]);

  return (
    <main class="stage">
      <header class="stage-head">
        <h1>{call.identity?.room}</h1>
        <span class="muted">{others.length === 0 ? 'Nobody else is here yet' : `${others.length + 1} people`}</span>
        <Status call={call} />
      </header>
      <div class="tiles" ref={area} data-count={count}>
        {screens.map(({ person, track }) => (
          <Tile
            key={`${person.id}-${track.mid}`}
            name={`${person.display}’s screen`}
            user={person.userId}
            source="screen"
            video={track.track}
            whole
          />
        ))}
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
      </div>
      <Controls call={call} />
    </main>
  );
}

function Person({ person, call }: { person: RemoteParticipant; call: Call }) {
  const camera = person.tracks.find(({ source }) => source === 'camera');
  const microphone = person.tracks.find(({ source }) => source === 'microphone');
  return (
    <Tile
      name={person.display}
      user={person.userId}
      source="camera"
      video={camera?.track}
      audio={microphone?.track}
      paused={camera?.paused === true}
      quality={call.quality.get(person.id)}
    />
  );
}

function Status({ call }: { call: Call }) {
  const words =
    call.state === 'reconnecting'
      ? 'Reconnecting…'
      : call.connection === 'failed' || call.connection === 'disconnected'
        ? 'The connection is interrupted…'
        : call.connection === 'connecting'
          ? 'Connecting…'
          : call.client.provider === 'p2p'
            ? 'Direct'
            : 'Through the server';
  return (
    <span class="status" role="status">
      {words}
    </span>
  );
}

function useSize(element: { current: HTMLElement | null }): { width: number; height: number } {
  const [size, setSize] = useState({ width: 1280, height: 720 });
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
