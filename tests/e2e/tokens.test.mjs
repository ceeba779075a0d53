// Who may join as whom: Janus's own token for the plugin, and the plugin's for a room and a user. And what the one who has
// joined is given to reach the TURN server: credentials of their own that end.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { JanusClient } from '../support/janus_client.mjs';
import { signedToken } from '../support/signed_tokens.mjs';
import { startStack } from '../support/stack.mjs';

const kSecret = 'only Janus and the application know this';
const kPlugin = 'janus.plugin.callroom';
const kOthersSecret = 'somebody else made this up';

const coreToken = () => signedToken(kSecret, 'janus', [kPlugin]);
const roomToken = (room, user, options) => signedToken(kSecret, kPlugin, [`room=${room}`, `user=${user}`], options);

describe('a server with signed tokens', { timeout: 60_000 }, () => {
  let stack;
  let client;
  before(async () => {
    stack = await startStack({ token_secret: kSecret, 'plugin.room-guarded.signed_tokens': 'true', 'plugin.room-guarded.capacity': 4 });
    client = await JanusClient.connect(stack.webSocket, { token: coreToken() });
  });
  after(async () => {
    client?.close();
    await stack?.close();
  });

  async function join(user_id, more) {
    const handle = await client.attach();
    return { handle, answer: await handle.ask({ request: 'join', room: 'guarded', user_id, ...more }) };
  }

  test('Janus lets nobody in without a token of its own, or with one for another plugin', async () => {
    await assert.rejects(JanusClient.connect(stack.webSocket));
    await assert.rejects(JanusClient.connect(stack.webSocket, { token: signedToken(kOthersSecret, 'janus', [kPlugin]) }));
    const elsewhere = await JanusClient.connect(stack.webSocket, { token: signedToken(kSecret, 'janus', ['janus.plugin.echotest']) });
    await assert.rejects(elsewhere.attach());
    elsewhere.close();
  });

  for (const [what, token] of [
    ['no token', undefined],
    ['an empty token', ''],
    ['nonsense', 'let me in'],
    ['a token for another room', roomToken('elsewhere', 'ada')],
    ['a token for another user', roomToken('guarded', 'grace')],
    ['a token whose room begins like this one', roomToken('guarded2', 'ada')],
    ['a token for the room alone', signedToken(kSecret, kPlugin, ['room=guarded'])],
    ['a token for the user alone', signedToken(kSecret, kPlugin, ['user=ada'])],
    ["Janus's own token", coreToken()],
    ['a token that is over', roomToken('guarded', 'ada', { seconds: -10 })],
    ['a token signed by somebody else', signedToken(kOthersSecret, kPlugin, ['room=guarded', 'user=ada'])],
    ['a token that was changed', roomToken('guarded', 'eve').replace('user=eve', 'user=ada')],
  ]) {
    test(`${what}: 410`, async () => {
      const { handle, answer } = await join('ada', token === undefined ? {} : { token });
      assert.deepEqual([answer.callroom, answer.error_code], ['error', 410], JSON.stringify(answer));
      await handle.detach();
    });
  }

  test('the right token lets in, and is enough to take over the session of the same user', async () => {
    const token = roomToken('guarded', 'ada');
    const first = await join('ada', { token });
    assert.equal(first.answer.callroom, 'joined', JSON.stringify(first.answer));
    const again = await join('ada', { token });
    assert.equal(again.answer.error_code, 411);
    const eve = await join('ada', { token: roomToken('guarded', 'eve'), takeover: true });
    assert.equal(eve.answer.error_code, 410);
    const second = await join('ada', { token, takeover: true });
    assert.equal(second.answer.callroom, 'joined', JSON.stringify(second.answer));
    const { participants } = await second.handle.ask({ request: 'participants', room: 'guarded' });
    assert.deepEqual(participants.map(({ id }) => id), [second.answer.id]);
    await second.handle.ask({ request: 'leave' });
  });

  test('each who joins gets TURN credentials of their own, which end, and never the secret', async () => {
    const before = Math.floor(Date.now() / 1000);
    const people = [];
    for (const user of ['ada', 'grace']) people.push(await join(user, { token: roomToken('guarded', user) }));
    const names = new Set();
    for (const { answer } of people) {
      assert.equal(answer.ice_servers.length, 2);
      for (const { urls, username, credential } of answer.ice_servers) {
        assert.match(urls, /^turn:127\.0\.0\.1:\d+\?transport=(udp|tcp)$/);
        const [expiry, name] = username.split(':');
        assert.equal(name, answer.user_id);
        assert.ok(Number(expiry) > before + 600 && Number(expiry) <= before + 7 * 86_400, username);
        assert.equal(credential, createHmac('sha1', stack.settings.turn_secret).update(username).digest('base64'));
        names.add(username);
      }
      assert.ok(!JSON.stringify(answer).includes(stack.settings.turn_secret));
    }
    assert.equal(names.size, 2);
    for (const { handle } of people) await handle.detach();
  });
});

test('a room that wants signed tokens cannot be made where Janus signs none: 403', { timeout: 60_000 }, async () => {
  const stack = await startStack();
  const client = await JanusClient.connect(stack.webSocket);
  try {
    const handle = await client.attach();
    const answer = await handle.ask({ request: 'create', room: 'guarded', signed_tokens: true });
    assert.deepEqual([answer.callroom, answer.error_code], ['error', 403], JSON.stringify(answer));
    assert.equal((await handle.ask({ request: 'exists', room: 'guarded' })).exists, false);
  } finally {
    client.close();
    await stack.close();
  }
});
