import { expect, test } from 'vitest';
import { CallroomError, TransportError } from '../../src/room-client/errors';
import { JanusSession } from '../../src/room-client/janus_session';
import { FakeJanus, settle } from './fake_janus';

async function open() {
  const janus = new FakeJanus();
  const session = await JanusSession.open(janus.connect);
  const handle = await session.attach();
  return { janus, session, handle };
}

test('a message waits for the acknowledgement of the one before, not for its answer', async () => {
  const { janus, handle } = await open();
  const first = handle.send({ request: 'join' });
  const second = handle.post({ request: 'report' });
  await settle();
  const before = janus.messages().length;
  janus.say({ janus: 'ack', transaction: janus.messages()[0]?.transaction });
  await settle();
  const after = janus.messages().length;
  janus.say({ janus: 'ack', transaction: janus.messages()[1]?.transaction });
  await second;
  janus.say({
    janus: 'event',
    sender: 22,
    transaction: janus.messages()[0]?.transaction,
    plugindata: { data: { callroom: 'joined', id: 'p1' } },
  });
  const answer = await first;
  expect(before).toBe(1);
  expect(after).toBe(2);
  expect(answer.data.id).toBe('p1');
});

test("the plugin's error becomes a CallroomError with its number", async () => {
  const { janus, handle } = await open();
  const sent = handle.send({ request: 'join' });
  const caught = sent.catch((error: unknown) => error);
  await settle();
  const transaction = janus.messages()[0]?.transaction;
  janus.say({ janus: 'ack', transaction });
  const data = { callroom: 'error', error_code: 407, error: 'Wrong PIN' };
  janus.say({ janus: 'event', sender: 22, transaction, plugindata: { data } });
  const error = await caught;
  expect(error).toBeInstanceOf(CallroomError);
  expect((error as CallroomError).code).toBe(407);
});

test('an answer that comes before its acknowledgement is taken, and the next message goes out', async () => {
  const { janus, handle } = await open();
  const first = handle.send({ request: 'exists' });
  const second = handle.send({ request: 'list' });
  second.catch(() => undefined);
  await settle();
  const transaction = janus.messages()[0]?.transaction;
  janus.say({ janus: 'event', sender: 22, transaction, plugindata: { data: { callroom: 'exists', exists: true } } });
  janus.say({ janus: 'ack', transaction });
  const answer = await first;
  await settle();
  expect(answer.data.exists).toBe(true);
  expect(janus.messages().length).toBe(2);
});

test('events without a transaction go to the handle', async () => {
  const { janus, handle } = await open();
  const seen: unknown[] = [];
  handle.onEvent = ({ data }) => seen.push(data.callroom);
  janus.say({ janus: 'event', sender: 22, plugindata: { data: { callroom: 'participant_joined' } } });
  janus.say({ janus: 'event', sender: 99, plugindata: { data: { callroom: 'for somebody else' } } });
  expect(seen).toEqual(['participant_joined']);
});

test('a lost connection rejects what waits and claims the session anew', async () => {
  const { janus, session, handle } = await open();
  const told: string[] = [];
  session.onLost = () => told.push('lost');
  session.onReclaimed = () => told.push('reclaimed');
  const waiting = handle.send({ request: 'participants' }).catch((error: unknown) => error);
  await settle();
  janus.drop();
  const error = await waiting;
  await settle();
  expect(error).toBeInstanceOf(TransportError);
  expect(told).toEqual(['lost', 'reclaimed']);
  expect(janus.connections).toBe(2);
  expect(janus.received.at(-1)).toMatchObject({ janus: 'claim', session_id: 11 });
});
