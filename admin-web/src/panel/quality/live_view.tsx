import { useState } from 'preact/hooks';
import { Confirm } from '../confirm';
import { usePanel } from '../context';
import { bitrate, count, duration, kDash, milliseconds, number, percent, words } from '../format';
import { Answered } from '../states';
import { figure, Table } from '../table';
import { useRequest } from '../use_request';
import type { LiveAnswer, LiveSession } from './answers';
import { filtersOf } from './filters';
import { Rating } from './rating';

const kEveryMs = 3000;

const kHeads = [
  'User',
  'Quality now',
  'Provider',
  figure('For'),
  figure('Latency'),
  figure('Jitter'),
  figure('Loss in / out'),
  figure('In / out'),
  'Issues',
  { text: 'Actions', hidden: true },
];

type Asked = { what: 'kick'; session: LiveSession } | { what: 'destroy'; room: string };

/** Who is in which room at this moment, on this node. */
export function LiveView() {
  const { api, place } = usePanel();
  const filters = filtersOf(place);
  const nobody =
    Object.keys(filters).length > 0 ? 'Nobody in a call here passes the filters.' : 'Nobody is in a call on this node.';
  const request = useRequest<LiveAnswer>('live', filters, kEveryMs);
  const [asked, setAsked] = useState<Asked>();
  const perform = async () => {
    if (asked?.what === 'kick') await api.request('kick', { room: asked.session.room, id: asked.session.id });
    else if (asked) await api.request('destroy', { room: asked.room });
    request.again();
  };
  return (
    <section class="view" data-view="live">
      <h2 class="visually-hidden">Live</h2>
      <Answered request={request} empty={({ sessions }) => (sessions.length === 0 ? nobody : undefined)}>
        {({ sessions }) => (
          <>
            <p class="muted">
              {count(sessions.length)} in calls on this node; renewed every {kEveryMs / 1000} s.
            </p>
            {byRoom(sessions).map(([room, people]) => (
              <Room key={room} room={room} people={people} ask={setAsked} />
            ))}
          </>
        )}
      </Answered>
      {asked?.what === 'kick' && (
        <Confirm title="Remove from the room?" action="Remove" perform={perform} close={() => setAsked(undefined)}>
          {asked.session.display || asked.session.user_id} is removed from room {asked.session.room} at once. They can
          join again.
        </Confirm>
      )}
      {asked?.what === 'destroy' && (
        <Confirm title="Close the room?" action="Close the room" perform={perform} close={() => setAsked(undefined)}>
          Everybody is removed from room {asked.room}, and the room is no more.
        </Confirm>
      )}
    </section>
  );
}

function byRoom(sessions: readonly LiveSession[]): [string, LiveSession[]][] {
  const rooms = new Map<string, LiveSession[]>();
  for (const session of sessions) rooms.set(session.room, [...(rooms.get(session.room) ?? []), session]);
  return [...rooms].sort(([a], [b]) => a.localeCompare(b));
}

function Room({ room, people, ask }: { room: string; people: LiveSession[]; ask: (asked: Asked) => void }) {
  return (
    <section class="room" data-room={room} aria-label={`Room ${room}`}>
      <div class="view-head">
        <h3>{room}</h3>
        <span class="muted">{people.length === 1 ? '1 person' : `${people.length} people`}</span>
        <button type="button" class="button small" onClick={() => ask({ what: 'destroy', room })}>
          Close the room
        </button>
      </div>
      <Table label={`People in room ${room}`} heads={kHeads}>
        {people.map((session) => (
          <Person key={session.session_id} session={session} ask={ask} />
        ))}
      </Table>
    </section>
  );
}

function Person({ session, ask }: { session: LiveSession; ask: (asked: Asked) => void }) {
  const { sample } = session;
  const name = session.display || session.user_id;
  return (
    <tr data-live={session.session_id}>
      <td class="name" title={session.user_id}>
        {name}
      </td>
      <td>{sample?.rating ? <Rating rating={sample.rating} score={sample.score ?? null} /> : kDash}</td>
      <td>{session.provider}</td>
      <td class="figure">{duration(session.duration_s)}</td>
      <td class="figure">{milliseconds(sample?.latency_ms)}</td>
      <td class="figure">{milliseconds(sample?.jitter_ms)}</td>
      <td class="figure">
        {number(sample?.packet_loss_in_pct, 1)} / {percent(sample?.packet_loss_out_pct)}
      </td>
      <td class="figure">
        {bitrate(sample?.bandwidth_in_kbps)} / {bitrate(sample?.bandwidth_out_kbps)}
      </td>
      <td class="issues">{(session.issues ?? []).map(words).join(', ')}</td>
      <td>
        <button
          type="button"
          class="button small"
          aria-label={`Remove ${name}`}
          onClick={() => ask({ what: 'kick', session })}
        >
          Remove
        </button>
      </td>
    </tr>
  );
}
