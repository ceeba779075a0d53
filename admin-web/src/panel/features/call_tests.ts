import type { AdminApi } from '../admin_api';
import { milliseconds } from '../format';
import { fact, type TestCase } from '../webrtc/model';
import { until, withPeople } from './people';

type Media = 'relay' | 'p2p';

async function inRoom<T>(
  api: AdminApi,
  signal: AbortSignal,
  wanted: { media: Media; capacity?: number; recorded?: boolean },
  run: (room: string) => Promise<T>,
): Promise<T> {
  const { room } = await api.request<{ room: string }>('test_room', { capacity: 2, ...wanted }, signal);
  try {
    return await run(room);
  } finally {
    await api.request('destroy', { room }).catch(() => undefined);
  }
}

export { inRoom };

export const roleTest = (api: AdminApi): TestCase => ({
  id: 'feature-roles',
  group: 'calls',
  title: 'Roles by user id',
  run: (say, signal) =>
    inRoom(api, signal, { media: 'p2p' }, (room) =>
      withPeople(['anna', 'berta'], async ([anna, berta]) => {
        say('Joining…');
        await anna?.join(room);
        await berta?.join(room);
        await until(() => anna?.other('berta') !== undefined, 'Anna is told of Berta', signal);
        const roles = { anna: anna?.other('berta')?.role, berta: berta?.other('anna')?.role };
        const right = roles.anna === 'impolite' && roles.berta === 'polite';
        return {
          status: right ? 'pass' : 'fail',
          summary: right
            ? 'The larger user id yields: Berta is polite toward Anna, and Anna is not toward Berta.'
            : `Anna is ${roles.anna}, Berta is ${roles.berta}.`,
          facts: [fact('Anna toward Berta', roles.anna ?? '–'), fact('Berta toward Anna', roles.berta ?? '–')],
        };
      }),
    ),
});

/** Both publish at the same moment, and then both look for a new way at the same moment: in p2p these offers cross. */
export const collisionTest = (api: AdminApi, media: Media): TestCase => ({
  id: `feature-collision-${media}`,
  group: 'calls',
  title: media === 'p2p' ? 'Collision, directly between two' : 'Changes at once, through Janus',
  run: (say, signal) =>
    inRoom(api, signal, { media }, (room) =>
      withPeople(['anna', 'berta'], async (people) => {
        const [anna, berta] = people;
        if (!anna || !berta) throw new Error('Nobody is there.');
        say('Both begin to send at once…');
        await Promise.all(people.map((person) => person.join(room)));
        const began = performance.now();
        for (const person of people) person.publish();
        await Promise.all([anna.sees(['berta'], signal), berta.sees(['anna'], signal)]);
        const firstMs = performance.now() - began;
        say('Both look for a new way at once…');
        const again = performance.now();
        await Promise.all(people.map((person) => person.client.restart()));
        await Promise.all([anna.sees(['berta'], signal), berta.sees(['anna'], signal)]);
        return {
          status: 'pass',
          summary: 'Both see new frames of each other after both collisions.',
          facts: [
            fact('Pictures both ways after', milliseconds(firstMs)),
            fact('And after both restarted', milliseconds(performance.now() - again)),
          ],
        };
      }),
    ),
});

export const threeTest = (api: AdminApi): TestCase => ({
  id: 'feature-three',
  group: 'calls',
  title: 'A call of three',
  run: (say, signal) =>
    inRoom(api, signal, { media: 'relay', capacity: 3 }, (room) =>
      withPeople(['anna', 'berta', 'clara'], async (people) => {
        say('Three join and send…');
        const began = performance.now();
        for (const person of people) {
          await person.join(room);
          person.publish();
        }
        const names = people.map(({ userId }) => userId);
        const others = (own: string) => names.filter((name) => name !== own);
        await Promise.all(people.map((person) => person.sees(others(person.userId), signal, 25_000)));
        return {
          status: 'pass',
          summary: 'Each of the three sees new frames of the other two.',
          facts: [fact('All pictures after', milliseconds(performance.now() - began))],
        };
      }),
    ),
});

export const reconnectTest = (api: AdminApi): TestCase => ({
  id: 'feature-reconnect',
  group: 'calls',
  title: 'Reconnecting',
  run: (say, signal) =>
    inRoom(api, signal, { media: 'relay' }, (room) =>
      withPeople(['anna', 'berta'], async (people) => {
        const [anna, berta] = people;
        if (!anna || !berta) throw new Error('Nobody is there.');
        say('Calling…');
        for (const person of people) {
          await person.join(room);
          person.publish();
        }
        await Promise.all([anna.sees(['berta'], signal), berta.sees(['anna'], signal)]);
        say('Cutting Anna’s connection to Janus…');
        const began = performance.now();
        anna.cut();
        await until(() => anna.states.includes('reconnecting'), 'Anna notices', signal);
        await until(() => anna.client.state === 'joined', 'Anna is back', signal);
        const backMs = performance.now() - began;
        await Promise.all([anna.sees(['berta'], signal), berta.sees(['anna'], signal)]);
        return {
          status: 'pass',
          summary: `Anna was back after ${milliseconds(backMs)}, and both see new frames.`,
          facts: [fact('Back after', milliseconds(backMs))],
        };
      }),
    ),
});
