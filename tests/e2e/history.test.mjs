// A user's own rows, asked for in the room: theirs and nobody else's, page by page.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { JanusClient } from '../support/janus_client.mjs';
import { signedToken } from '../support/signed_tokens.mjs';
import { startStack, until } from '../support/stack.mjs';

const kSecret = 'only Janus and the application know this';

const signed = (realm, ...allows) => signedToken(kSecret, realm, allows);

/** Joins and leaves without media: each time a row. */
async function visit(client, room, user_id, more = {}) {
  const handle = await client.attach();
  assert.equal((await handle.ask({ request: 'join', room, user_id, ...more })).callroom, 'joined');
  assert.equal((await handle.ask({ request: 'leave' })).callroom, 'left');
  await handle.detach();
}

async function asUser(client, room, user_id, more = {}) {
  const handle = await client.attach();
  assert.equal((await handle.ask({ request: 'join', room, user_id, ...more })).callroom, 'joined');
  return handle;
}

const rowsAre = (stack, count) =>
  until(() => stack.rows('SELECT count(*)::int AS count FROM session_quality_logs'), ([row]) => row.count === count, { what: `${count} rows` });

describe('a server that asks for no tokens', { timeout: 60_000 }, () => {
  let stack;
  let client;
  let ada;
  before(async () => {
    stack = await startStack({ 'plugin.room-front.capacity': 4 });
    client = await JanusClient.connect(stack.webSocket);
    for (let i = 0; i < 3; i += 1) await visit(client, 'front', 'ada');
    for (let i = 0; i < 2; i += 1) await visit(client, 'front', 'grace');
    await rowsAre(stack, 5);
    ada = await asUser(client, 'front', 'ada');
  });
  after(async () => {
    client?.close();
    await stack?.close();
  });

  test('the rows are those that the database has of this user, the newest first', async () => {
    const { callroom, sessions, next } = await ada.ask({ request: 'history' });
    const own = await stack.rows("SELECT session_id FROM session_quality_logs WHERE user_id = 'ada' ORDER BY created_at DESC");
    assert.equal(callroom, 'history');
    assert.deepEqual(sessions.map(({ session_id }) => session_id), own.map(({ session_id }) => session_id));
    assert.ok(sessions.every(({ user_id, room, end_reason }) => user_id === 'ada' && room === 'front' && end_reason === 'left'));
    assert.equal(next, null);
  });

  test('page by page they are the same rows', async () => {
    const whole = (await ada.ask({ request: 'history' })).sessions;
    const pages = [];
    for (let before; before !== null; ) {
      const { sessions, next } = await ada.ask({ request: 'history', limit: 1, ...(before && { before }) });
      assert.equal(sessions.length, 1);
      pages.push(...sessions);
      before = next;
    }
    assert.deepEqual(pages, whole);
  });

  test('whoever has no rows gets none', async () => {
    const nobody = await asUser(client, 'front', 'nobody');
    const { sessions, next } = await nobody.ask({ request: 'history' });
    await nobody.detach();
    assert.deepEqual({ sessions, next }, { sessions: [], next: null });
  });

  test('what is wrong with a request is told by number', async () => {
    const stranger = await client.attach();
    const codes = [(await stranger.ask({ request: 'history' })).error_code];
    for (const wrong of [{ limit: 0 }, { limit: 201 }, { limit: 'all' }, { before: 'yesterday' }]) {
      codes.push((await ada.ask({ request: 'history', ...wrong })).error_code);
    }
    await stranger.detach();
    assert.deepEqual(codes, [412, 403, 403, 403, 403]);
  });

  test('the database away is told, and its return answers again', async () => {
    await stack.stop('postgres');
    const away = await ada.ask({ request: 'history' });
    await stack.start('postgres');
    const back = await until(() => ada.ask({ request: 'history' }), ({ callroom }) => callroom === 'history', { what: 'an answer' });
    assert.equal(away.error_code, 430);
    assert.equal(back.sessions.length, 3);
  });
});

test('where tokens are on, only who proves to be a user has a history', { timeout: 60_000 }, async () => {
  const stack = await startStack({ token_secret: kSecret, 'plugin.room-front.capacity': 4 });
  const plugin = 'janus.plugin.callroom';
  const client = await JanusClient.connect(stack.webSocket, { token: signed('janus', plugin) });
  try {
    await visit(client, 'front', 'ada');
    await rowsAre(stack, 1);
    const proven = await asUser(client, 'front', 'ada', { token: signed(plugin, 'room=front', 'user=ada') });
    const own = await proven.ask({ request: 'history' });
    await proven.ask({ request: 'leave' });
    const claimed = await asUser(client, 'front', 'ada');
    const refused = await claimed.ask({ request: 'history' });
    await claimed.ask({ request: 'leave' });
    const elsewhere = await asUser(client, 'front', 'ada', { token: signed(plugin, 'room=front', 'user=grace') });
    const other = await elsewhere.ask({ request: 'history' });
    assert.deepEqual(own.sessions.map(({ user_id }) => user_id), ['ada']);
    assert.equal(refused.error_code, 433);
    assert.equal(other.error_code, 433);
  } finally {
    client.close();
    await stack.close();
  }
});
