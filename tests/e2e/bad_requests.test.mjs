// What clients and administrators send wrongly gets a numbered error (README.md lists them) and changes nothing: the same
// rooms with the same settings, the same people in them, the other person's call unharmed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientPage, launchBrowser, mediaFlows } from '../support/browser.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';

const kLongName = 'x'.repeat(65);
const kNumber = 40_000_000_000;
// Passes the core, which parses it, and has nothing that the plugin could answer.
const kEmptySdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const kAudioSdp = `${kEmptySdp}a=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 ${'00:'.repeat(31)}00\r\na=rtpmap:111 opus/48000/2\r\n`;

let stack;
let client;
let inRoom; // a handle that is in the room "full" as "one"
before(async () => {
  stack = await startStack({
    'plugin.general.admin_key': 'let me in',
    'plugin.general.max_rooms': 6,
    'plugin.room-pinned.pin': 'sesame-24',
    'plugin.room-full.capacity': 2,
    'plugin.room-kept.secret': 'host',
    'plugin.room-peers.media': 'p2p',
  });
  client = await JanusClient.connect(stack.webSocket);
  inRoom = await client.attach();
  assert.equal((await inRoom.ask({ request: 'join', room: 'full', user_id: 'one' })).callroom, 'joined');
  const other = await client.attach();
  assert.equal((await other.ask({ request: 'join', room: 'full', user_id: 'two' })).callroom, 'joined');
});
after(async () => {
  client?.close();
  await stack?.close();
});

/** Everything that a bad request could have changed. */
async function state() {
  const ask = async (request) => {
    const { uptime_s: _, ...answer } = await stack.admin.ask({ request });
    return answer;
  };
  const { sessions } = await ask('live');
  return {
    rooms: (await ask('rooms')).rooms,
    live: sessions.map(({ session_id, room, user_id, id }) => ({ session_id, room, user_id, id })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    rows: (await stack.rows('SELECT count(*)::int AS count FROM session_quality_logs'))[0].count,
  };
}

function isError(answer, code, what) {
  assert.equal(answer.callroom, 'error', `${what}: ${JSON.stringify(answer)}`);
  assert.equal(answer.error_code, code, `${what}: ${JSON.stringify(answer)}`);
  assert.equal(typeof answer.error, 'string', what);
  assert.ok(answer.error.length > 0 && answer.error.length < 300, what);
}

const join = { request: 'join', room: 'kept', user_id: 'u' };
const kFresh = [
  ['no request', {}, 400],
  ['a request that is no string', { request: 7 }, 400],
  ['an empty request', { request: '' }, 401],
  ['an unknown request', { request: 'dance' }, 401],
  ['join without a room', { request: 'join', user_id: 'u' }, 402],
  ['join without a user', { request: 'join', room: 'kept' }, 402],
  ['room null', { ...join, room: null }, 402],
  ['room a number', { ...join, room: 7 }, 403],
  ['room an object', { ...join, room: {} }, 403],
  ['room empty', { ...join, room: '' }, 403],
  ['room too long', { ...join, room: kLongName }, 403],
  ['user too long', { ...join, user_id: kLongName }, 403],
  ['user of 1 MB', { ...join, user_id: 'x'.repeat(1 << 20) }, 403],
  ['user with a line feed', { ...join, user_id: 'a\nb' }, 403],
  ['user with an umlaut', { ...join, user_id: 'ü' }, 403],
  ['user an array', { ...join, user_id: ['u'] }, 403],
  ['display too long', { ...join, display: 'x'.repeat(200) }, 403],
  ['display a number', { ...join, display: 1 }, 403],
  ['display with an escape', { ...join, display: '\u001b[2J' }, 403],
  ['pin a number', { ...join, room: 'pinned', pin: 2468 }, 403],
  ['device a string', { ...join, device: 'phone' }, 403],
  ['device too large', { ...join, device: { name: 'x'.repeat(600) } }, 403],
  ['collision unknown', { ...join, collision: 'argues' }, 403],
  ['takeover a string', { ...join, takeover: 'yes' }, 403],
  ['unknown room', { ...join, room: 'nowhere' }, 404],
  ['wrong PIN', { ...join, room: 'pinned', pin: '1234' }, 407],
  ['no PIN', { ...join, room: 'pinned' }, 407],
  ['a PIN that begins rightly', { ...join, room: 'pinned', pin: 'sesame-2' }, 407],
  ['a PIN that goes on', { ...join, room: 'pinned', pin: 'sesame-240' }, 407],
  ['full room', { ...join, room: 'full', user_id: 'three' }, 406],
  ['same user twice', { ...join, room: 'full', user_id: 'one' }, 411],
  ['create without the admin key', { request: 'create' }, 409],
  ['create with a wrong admin key', { request: 'create', admin_key: 'let me' }, 409],
  ['create what exists', { request: 'create', room: 'kept', admin_key: 'let me in' }, 405],
  ['create of an unknown kind', { request: 'create', media: 'mesh', admin_key: 'let me in' }, 403],
  ['create for one', { request: 'create', capacity: 1, admin_key: 'let me in' }, 403],
  ['create for a crowd', { request: 'create', capacity: kNumber, admin_key: 'let me in' }, 403],
  ['create p2p for many', { request: 'create', media: 'p2p', capacity: 32, admin_key: 'let me in' }, 403],
  ['create with half a seat', { request: 'create', capacity: 2.5, admin_key: 'let me in' }, 403],
  ['create with an unknown codec', { request: 'create', videocodec: 'vp8,cinepak', admin_key: 'let me in' }, 403],
  ['create with a negative bitrate', { request: 'create', bitrate: -1, admin_key: 'let me in' }, 403],
  ['edit without the secret', { request: 'edit', room: 'kept', new_description: 'mine' }, 408],
  ['edit with a wrong secret', { request: 'edit', room: 'kept', secret: 'guest', new_description: 'mine' }, 408],
  ['edit an unknown room', { request: 'edit', room: 'nowhere', secret: 'host' }, 404],
  ['edit to an absurd capacity', { request: 'edit', room: 'kept', secret: 'host', new_capacity: 0 }, 403],
  ['destroy with a wrong secret', { request: 'destroy', room: 'kept', secret: 'guest' }, 408],
  ['destroy a room that has no secret', { request: 'destroy', room: 'full', secret: '' }, 408],
  ['destroy an unknown room', { request: 'destroy', room: 'nowhere', secret: 'host' }, 404],
  ['kick with a wrong secret', { request: 'kick', room: 'kept', secret: 'guest', id: 'x' }, 408],
  ['kick nobody', { request: 'kick', room: 'kept', secret: 'host', id: 'nobody' }, 414],
  ['kick without a name', { request: 'kick', room: 'kept', secret: 'host' }, 402],
  ['exists without a room', { request: 'exists' }, 402],
  ['participants of an unknown room', { request: 'participants', room: 'nowhere' }, 404],
  ['leave without having joined', { request: 'leave' }, 412],
  ['configure without having joined', { request: 'configure', audio: false }, 412],
  ['receive of an unknown session', { request: 'receive', session_id: 'none', receive_token: 'x' }, 418],
  ['receive without a token', { request: 'receive', session_id: 'none' }, 402],
  ['answer to nothing', { request: 'answer', negotiation: 1 }, 412],
  ['negotiate without having joined', { request: 'negotiate', negotiation: 1 }, 412],
  ['negotiate without a number', { request: 'negotiate' }, 402],
];

describe('room requests', () => {
  let expected;
  before(async () => {
    expected = await state();
    assert.equal(expected.live.length, 2);
  });
  for (const [name, body, code] of kFresh) {
    test(`${name}: ${code}`, async () => {
      const handle = await client.attach();
      isError(await handle.ask(body), code, name);
      await handle.detach();
      assert.deepEqual(await state(), expected);
    });
  }

  test('bodies that are no objects are refused by Janus or by the plugin', async () => {
    const handle = await client.attach();
    for (const body of [[], 'join', 7, null, true]) {
      const answer = await handle.ask(body).catch((error) => ({ janus: error.code }));
      assert.ok(answer.janus >= 400 || answer.error_code === 400, JSON.stringify([body, answer]));
    }
    await handle.detach();
    assert.deepEqual(await state(), expected);
  });

  test('who is in a room already: 413, and stays in it', async () => {
    isError(await inRoom.ask({ ...join, room: 'kept' }), 413, 'join twice');
    isError(await inRoom.ask({ ...join, room: 'full', user_id: 'one' }), 413, 'join the same room twice');
    assert.deepEqual(await state(), expected);
  });

  test('no offer where one belongs: 415', async () => {
    isError(await inRoom.ask({ request: 'negotiate', negotiation: 1 }), 415, 'no jsep');
    assert.deepEqual(await state(), expected);
  });

  for (const [what, jsep] of [
    ['garbage', { type: 'offer', sdp: 'garbage' }],
    ['an empty description', { type: 'offer', sdp: '' }],
    ['a description without an m-line', { type: 'offer', sdp: kEmptySdp }],
    ['an answer', { type: 'answer', sdp: kAudioSdp }],
    ['a rollback', { type: 'rollback', sdp: '' }],
    ['a type that is no string', { type: 1, sdp: kAudioSdp }],
    ['a jsep without a description', { type: 'offer' }],
    ['a jsep that is a string', 'offer'],
  ]) {
    test(`an offer that is ${what}: refused by Janus, or by the plugin, which then takes a proper one`, async () => {
      const handle = await client.attach();
      assert.equal((await handle.ask({ request: 'join', room: 'kept', user_id: 'u' })).callroom, 'joined');
      const refusal = await handle.ask({ request: 'negotiate', negotiation: 1 }, jsep).catch(({ code }) => ({ janus: code }));
      if (!(refusal.janus >= 400)) {
        assert.ok([416, 417].includes(refusal.error_code), JSON.stringify(refusal));
        const negotiated = await until(
          () => handle.ask({ request: 'negotiate', negotiation: 2 }, { type: 'offer', sdp: kAudioSdp }).catch(({ code }) => ({ janus: code })),
          (answer) => answer.callroom === 'negotiated', // Janus takes a moment to clean up after the first
          { what: 'the answer to a proper offer' },
        );
        assert.equal(negotiated.negotiation, 2);
        assert.equal(negotiated.jsep.type, 'answer');
      }
      const { participants } = await handle.ask({ request: 'participants', room: 'kept' });
      assert.deepEqual(participants.map(({ user_id }) => user_id), ['u']);
      const { session_id } = await handle.ask({ request: 'leave' });
      await handle.detach();
      await until(() => stack.rows('SELECT FROM session_quality_logs WHERE session_id = $1', [session_id]), (rows) => rows.length === 1, { what: 'its row' });
      expected.rows += 1;
      assert.deepEqual(await state(), expected);
    });
  }

  test('an offer on a handle that has not joined leaves that handle usable', async () => {
    const handle = await client.attach();
    isError(await handle.ask({ request: 'negotiate', negotiation: 1 }, { type: 'offer', sdp: kAudioSdp }), 412, 'not joined');
    isError(await handle.ask({ request: 'dance' }, { type: 'offer', sdp: kAudioSdp }).catch((error) => ({ ...error, callroom: 'error', error_code: 401, error: error.message })), 401, 'unknown request');
    await handle.detach();
    assert.deepEqual(await state(), expected);
  });

  test("somebody else's receive token is of no use", async () => {
    const handle = await client.attach();
    const [{ session_id }] = expected.live;
    isError(await handle.ask({ request: 'receive', session_id, receive_token: 'guess' }), 418, 'a guess');
    isError(await handle.ask({ request: 'receive', session_id, receive_token: '' }), 418, 'an empty token');
    await handle.detach();
    assert.deepEqual(await state(), expected);
  });

  test('negotiate in a p2p room: 419', async () => {
    const handle = await client.attach();
    assert.equal((await handle.ask({ request: 'join', room: 'peers', user_id: 'p' })).callroom, 'joined');
    isError(await handle.ask({ request: 'negotiate', negotiation: 1 }, { type: 'offer', sdp: kAudioSdp }), 419, 'negotiate');
    assert.equal((await handle.ask({ request: 'leave' })).callroom, 'left');
    await handle.detach();
    await stack.sessionRows('peers', 1);
    expected.rows += 1;
  });

  test('more rooms than allowed: 422, and room again when one is gone', async () => {
    const create = { request: 'create', admin_key: 'let me in', secret: 's' };
    const handle = await client.attach();
    const made = [];
    for (let free = 6 - expected.rooms.length; free > 0; --free) {
      const answer = await handle.ask(create);
      assert.equal(answer.callroom, 'created');
      made.push(answer.room);
    }
    isError(await handle.ask(create), 422, 'one too many');
    for (const room of made) assert.equal((await handle.ask({ request: 'destroy', room, secret: 's' })).callroom, 'destroyed');
    assert.deepEqual((await state()).rooms, expected.rooms);
    await handle.detach();
  });

  test('answers hold no secret', async () => {
    const handle = await client.attach();
    const texts = [
      await handle.ask({ request: 'list', admin_key: 'let me in' }),
      await handle.ask({ request: 'participants', room: 'full' }),
      await handle.ask({ ...join, room: 'pinned', pin: '9999' }),
      ...(await Promise.all(['rooms', 'live', 'health'].map((request) => stack.admin.ask({ request })))),
    ].map((answer) => JSON.stringify(answer));
    for (const text of texts) {
      for (const secret of ['sesame-24', 'let me in', '"host"', stack.settings.admin_secret, stack.settings.turn_secret]) {
        assert.ok(!text.includes(secret), `${secret} in ${text}`);
      }
    }
    const log = await stack.log('janus');
    for (const secret of ['sesame-24', 'let me in', stack.settings.admin_secret, stack.settings.turn_secret]) {
      assert.ok(!log.includes(secret), `${secret} in Janus's log`);
    }
    await handle.detach();
  });
});

describe('admin requests', () => {
  for (const [name, body, code] of [
    ['no request', {}, 400],
    ['a request that is no string', { request: [] }, 400],
    ['an unknown request', { request: 'dance' }, 401],
    ['an unknown field', { request: 'health', verbose: true }, 403],
    ['kick without a room', { request: 'kick', id: 'x' }, 402],
    ['kick in an unknown room', { request: 'kick', room: 'nowhere', id: 'x' }, 404],
    ['kick nobody', { request: 'kick', room: 'full', id: 'nobody' }, 414],
    ['destroy an unknown room', { request: 'destroy', room: 'nowhere' }, 404],
    ['destroy with a number for a room', { request: 'destroy', room: 1 }, 403],
    ['a session that is none', { request: 'session', session_id: 'x' }, 403],
    ['an unknown session', { request: 'session', session_id: '00000000-0000-4000-8000-000000000000' }, 431],
    ['an absurd range', { request: 'sessions', range: '900y' }, 403],
    ['a broken cursor', { request: 'sessions', cursor: '!' }, 432],
    ['an unknown rating', { request: 'sessions', rating: 'splendid' }, 403],
  ]) {
    test(`${name}: ${code}`, async () => {
      const expected = await state();
      isError(await stack.admin.ask(body), code, name);
      assert.deepEqual(await state(), expected);
    });
  }

  test('a wrong admin secret is refused by Janus', async () => {
    const { janus } = Object.getPrototypeOf(stack.admin);
    const answer = await janus.call({ address: stack.admin.address, secret: 'guess' }, { janus: 'message_plugin', plugin: 'janus.plugin.callroom', request: { request: 'live' } });
    assert.equal(answer.janus, 'error');
    assert.equal(answer.error.code, 403);
  });
});

test('a call goes on while others send nonsense', async () => {
  const browser = await launchBrowser();
  try {
    const handle = await client.attach();
    await handle.ask({ request: 'create', room: 'calm', admin_key: 'let me in' });
    const pages = [];
    for (const user of ['a', 'b']) {
      const page = await clientPage(browser, stack);
      pages.push(page);
      await page.evaluate(async (user) => {
        window.call = await client.joinCallroom(await client.prepare('janus.plugin.callroom'), { room: 'calm', user });
      }, user);
    }
    const flowing = Promise.all(pages.map((page) => mediaFlows(page, { frames: 60 })));
    let finished = false;
    flowing.finally(() => { finished = true; }).catch(() => undefined);
    while (!finished) {
      for (const [, body] of kFresh) await handle.ask(body);
    }
    await flowing;
  } finally {
    await browser.close();
  }
});
