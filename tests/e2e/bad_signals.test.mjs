// What a malicious or broken client does to others through the room: forged addressees, answers nobody asked for, floods
// of candidates and of requests, huge descriptions, storms of joins, silence where an answer belongs. Each gets a numbered
// error or is dropped, memory stays bounded, and two calls that go on meanwhile, one of each kind, notice nothing.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchBrowser, mediaFlows } from '../support/browser.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';
import { stormPage } from '../support/storm.mjs';

const kMaxSessions = 40;
const kSdp = (ufrag) => `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:${ufrag}\r\n`;
const candidate = (ufrag, n) => ({ candidate: `candidate:${n} 1 udp 1 192.0.2.1 ${1024 + (n % 60_000)} typ host ufrag ${ufrag}`, sdpMid: '0', usernameFragment: ufrag });

let stack;
let browser;
let client;
const callers = []; // pages of two calls: p2p and relay
let patient; // whose offer is never answered while the rest happens: { offerer, silent, ids }
const kPatients = 2;
before(async () => {
  stack = await startStack({
    'plugin.general.max_sessions': kMaxSessions,
    ...Object.fromEntries(['peers', 'others', 'patient', 'calm-p2p'].map((room) => [`plugin.room-${room}.media`, 'p2p'])),
    'plugin.room-calm-relay.videocodec': 'vp8',
    'plugin.room-crowd.capacity': 32,
    'plugin.room-silent.capacity': 4,
  });
  browser = await launchBrowser();
  client = await JanusClient.connect(stack.webSocket);
  for (const room of ['calm-p2p', 'calm-relay']) {
    for (const user of ['one', 'two']) callers.push(await caller(room, user));
  }
  await allFlow();
  patient = await offerToNobody();
}, { timeout: 90_000 });
after(async () => {
  client?.close();
  await browser?.close();
  await stack?.close();
});
afterEach(allFlow);

/** Somebody with the product's client in a page of their own. */
async function caller(room, userId) {
  const page = await stormPage(browser);
  await page.evaluate(async ([url, room, userId]) => {
    window.client = new callroom.RoomClient({ url });
    window.client.on('tracks', ({ tracks }) => {
      for (const { track } of tracks) {
        const player = document.createElement(track.kind);
        player.srcObject = new MediaStream([track]);
        player.play();
      }
    });
    for (const source of ['microphone', 'camera']) window.client.publish(window.devices.track(source), source);
    await window.client.join({ room, userId });
  }, [stack.webSocket, room, userId]);
  return page;
}

/** Two in a room of their own; the one offers, with a candidate, and the other says nothing. */
async function offerToNobody() {
  const handles = [await client.attach(), await client.attach()];
  const ids = [];
  for (const [i, handle] of handles.entries()) ids.push((await handle.ask({ request: 'join', room: 'patient', user_id: `u${i}` })).id);
  const signal = { request: 'signal', to: ids[1], negotiation: 1 };
  await handles[0].ask({ ...signal, description: { type: 'offer', sdp: kSdp('frag') } });
  await handles[0].ask({ ...signal, candidate: candidate('frag', 1) });
  return { offerer: handles[0], silent: handles[1], ids };
}

async function allFlow() {
  await Promise.all(callers.map((page) => mediaFlows(page, { frames: 8, samples: 12_000 })));
}

const isError = (answer, code) => assert.deepEqual([answer.callroom, answer.error_code], ['error', code], JSON.stringify(answer));

/** Two who say nothing by themselves, in a room of their own; ends with both gone. */
async function withPair(room, work) {
  const [a, b] = [await client.attach(), await client.attach()];
  const joined = [];
  for (const [handle, user_id] of [[a, 'a'], [b, 'b']]) joined.push(await handle.ask({ request: 'join', room, user_id }));
  try {
    return await work({ a, b, ids: joined.map(({ id }) => id), joined });
  } finally {
    for (const handle of [a, b]) await handle.detach();
    await until(async () => (await stack.admin.ask({ request: 'live', room })).sessions, (sessions) => sessions.length === 0, { what: 'the room empty' });
  }
}

const signalsTo = (handle) => handle.events.filter((event) => event.callroom === 'signal');

async function residentKib() {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${await stack.pid('janus')}/status`, 'utf8'))[1]);
}

/** Runs `flood` and looks how much more Janus holds at the end. */
async function growthKib(flood) {
  const before = await residentKib();
  await flood();
  return (await residentKib()) - before;
}

describe('a client that plays foul', { timeout: 240_000 }, () => {
  test('a forged addressee: 414, 403, and nobody hears of it', async () => {
    await withPair('peers', async ({ a, b, ids }) => {
      await withPair('others', async (other) => {
        const offer = { request: 'signal', negotiation: 1, description: { type: 'offer', sdp: kSdp('frag') } };
        isError(await a.ask({ ...offer, to: ids[0] }), 414); // oneself
        isError(await a.ask({ ...offer, to: 'nobody' }), 414);
        isError(await a.ask({ ...offer, to: other.ids[0] }), 414); // somebody in another room
        isError(await a.ask({ ...offer, to: '' }), 403);
        isError(await a.ask({ ...offer, to: 7 }), 403);
        isError(await a.ask({ ...offer, to: [ids[1]] }), 403);
        isError(await a.ask(offer), 402);
        isError(await a.ask({ request: 'report', to: other.ids[1], samples: [] }), 414);
        const outsider = await client.attach();
        isError(await outsider.ask({ ...offer, to: ids[1] }), 412);
        await outsider.detach();
        for (const handle of [a, b, other.a, other.b]) assert.deepEqual(signalsTo(handle), []);
        assert.equal((await a.ask({ ...offer, to: ids[1] })).callroom, 'ack');
        assert.equal((await b.next('signal')).from, ids[0]); // and the sender cannot be forged
      });
    });
  });

  test('answers never asked for go no further', async () => {
    await withPair('peers', async ({ a, b, ids: [toA, toB] }) => {
      const answer = { request: 'signal', description: { type: 'answer', sdp: kSdp('frag') } };
      for (const negotiation of [0, 1, 99]) assert.equal((await b.ask({ ...answer, to: toA, negotiation })).callroom, 'ack');
      await a.ask({ request: 'signal', to: toB, negotiation: 5, description: { type: 'offer', sdp: kSdp('offer') } });
      await b.next('signal');
      await b.ask({ ...answer, to: toA, negotiation: 4 }); // of another offer
      await a.ask({ ...answer, to: toB, negotiation: 5 }); // of one's own
      await b.ask({ ...answer, to: toA, negotiation: 5 });
      const forwarded = await a.next('signal');
      assert.deepEqual([forwarded.negotiation, forwarded.description.type], [5, 'answer']);
      await b.ask({ ...answer, to: toA, negotiation: 5 }); // twice
      isError(await a.ask({ request: 'signal', to: toB, negotiation: 5, description: { type: 'offer', sdp: kSdp('x') } }), 420);
      assert.deepEqual([...signalsTo(a), ...signalsTo(b)], []);
    });
  });

  test('an answer on the receiving handle that names no offer: 420', async () => {
    const handle = await client.attach();
    const { session_id, receive_token } = await handle.ask({ request: 'join', room: 'silent', user_id: 'u' });
    const receiving = await client.attach();
    const offer = await receiving.ask({ request: 'receive', session_id, receive_token });
    const answer = { type: 'answer', sdp: offer.jsep.sdp.replace(/actpass/g, 'active') };
    for (const negotiation of [offer.negotiation + 1, 0]) {
      const refusal = await receiving.ask({ request: 'answer', negotiation }, answer).catch(({ code }) => ({ callroom: 'error', error_code: code }));
      assert.equal(refusal.callroom, 'error', JSON.stringify(refusal));
    }
    for (const each of [handle, receiving]) await each.detach();
  });

  test('ten thousand candidates: the rate is limited, few are kept, none of a description that never came is passed on', async () => {
    await withPair('peers', async ({ a, b, ids }) => {
      const codes = new Map();
      const grown = await growthKib(async () => {
        const answers = [];
        for (let n = 0; n < 10_000; ++n) {
          answers.push(a.ask({ request: 'signal', to: ids[1], negotiation: 1, candidate: candidate('never', n) }));
          if (answers.length === 200) {
            for (const { error_code } of await Promise.all(answers.splice(0))) codes.set(error_code, (codes.get(error_code) ?? 0) + 1);
          }
        }
      });
      assert.equal([...codes.values()].reduce((sum, count) => sum + count, 0), 10_000);
      assert.ok(codes.get(undefined) <= 64, JSON.stringify([...codes])); // acknowledged: held for their description
      assert.ok(codes.get(422) > 0 && codes.get(421) > 5_000, JSON.stringify([...codes]));
      assert.deepEqual([...codes.keys()].sort(), [421, 422, undefined].sort());
      assert.deepEqual(signalsTo(b), []);
      assert.ok(grown < 16_384, `Janus grew by ${grown} KiB`);
    });
  });

  test('descriptions of a megabyte: 403, or refused by Janus, and nothing is kept', async () => {
    await withPair('peers', async ({ a, b, ids }) => {
      const sdp = `${kSdp('big')}${'a=x:'.padEnd(1022, 'x')}\r\n`.repeat(1024);
      const grown = await growthKib(async () => {
        for (let negotiation = 1; negotiation <= 30; ++negotiation) {
          isError(await a.ask({ request: 'signal', to: ids[1], negotiation, description: { type: 'offer', sdp } }), 403);
        }
      });
      isError(await a.ask({ request: 'signal', to: ids[1], negotiation: 1, candidate: { candidate: sdp } }), 403);
      assert.deepEqual(signalsTo(b), []);
      assert.ok(grown < 32_768, `Janus grew by ${grown} KiB`);
    });
    const handle = await client.attach();
    await handle.ask({ request: 'join', room: 'silent', user_id: 'u' });
    const sdp = `${kSdp('big')}${`m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=${'x'.repeat(1000)}\r\n`.repeat(1000)}`;
    const refusal = await handle.ask({ request: 'negotiate', negotiation: 1 }, { type: 'offer', sdp }).catch(({ code }) => ({ error_code: code }));
    assert.ok(refusal.error_code >= 400, JSON.stringify(refusal));
    await handle.detach();
  });

  test('a flood of requests: 421 for the flooder alone', async () => {
    await withPair('peers', async ({ a, b, ids }) => {
      const codes = new Map();
      const grown = await growthKib(async () => {
        for (let batch = 0; batch < 50; ++batch) {
          const answers = await Promise.all(Array.from({ length: 200 }, () => a.ask({ request: 'report', to: ids[1], samples: [] })));
          for (const { error_code } of answers) codes.set(error_code, (codes.get(error_code) ?? 0) + 1);
        }
      });
      assert.ok(codes.get(421) > 5_000, JSON.stringify([...codes]));
      assert.equal((await b.ask({ request: 'report', to: ids[0], samples: [] })).callroom, 'ack');
      assert.ok(grown < 16_384, `Janus grew by ${grown} KiB`);
    });
  });

  test('a storm of joins: as many as fit get in, the others 406 or 422, and all is as before when they have gone', async () => {
    const grown = [];
    for (let wave = 0; wave < 5; ++wave) {
      const storm = await JanusClient.connect(stack.webSocket);
      const handles = await Promise.all(Array.from({ length: 60 }, () => storm.attach()));
      const answers = await Promise.all(handles.map((handle, i) => handle.ask({ request: 'join', room: i % 2 ? 'crowd' : 'silent', user_id: `u${i}` })));
      const codes = answers.map(({ callroom, error_code }) => error_code ?? callroom);
      const joined = codes.filter((code) => code === 'joined').length;
      assert.equal(joined, 30 + 4, JSON.stringify(codes)); // 30 asked for the crowd's 32 places, 30 for the 4 of the silent
      assert.ok(codes.every((code) => ['joined', 406, 422].includes(code)), JSON.stringify(codes));
      const { participants } = await client.attach().then((handle) => handle.ask({ request: 'participants', room: 'crowd' }));
      assert.equal(participants.length, 30);
      await storm.destroy();
      await until(async () => (await stack.admin.ask({ request: 'live' })).sessions.length, (count) => count === callers.length + kPatients, { what: 'the callers alone' });
      grown.push(await residentKib());
    }
    assert.ok(grown[4] - grown[1] < 8192, `Janus holds ${grown.join(', ')} KiB`);
  });

  test('more sessions than the server takes: 422', async () => {
    const handle = await client.attach();
    for (let i = 0; i < 4; ++i) {
      const created = await handle.ask({ request: 'create', room: `many-${i}`, capacity: 32, secret: 's' });
      assert.equal(created.callroom, 'created');
    }
    const handles = await Promise.all(Array.from({ length: kMaxSessions }, () => client.attach()));
    const answers = await Promise.all(handles.map((each, i) => each.ask({ request: 'join', room: `many-${i % 4}`, user_id: `u${i}` })));
    const refused = answers.filter(({ callroom }) => callroom !== 'joined');
    assert.equal(refused.length, callers.length + kPatients);
    for (const answer of refused) isError(answer, 422);
    for (let i = 0; i < 4; ++i) await handle.ask({ request: 'destroy', room: `many-${i}`, secret: 's' });
    for (const each of handles) await each.detach();
  });

  test('an offer that is never answered is repeated three times, then both are told; an answer after all is passed on', async () => {
    const { offerer, silent, ids } = patient;
    const told = (handle) => handle.events.find(({ callroom, reason }) => callroom === 'negotiate' && reason === 'unanswered');
    for (const [i, handle] of [offerer, silent].entries()) {
      const event = await until(() => told(handle), Boolean, { timeoutMs: 60_000, what: 'the word that nobody answered' });
      assert.deepEqual([event.with, event.offerer, event.negotiation], [ids[1 - i], ids[0], 1]);
    }
    const offers = signalsTo(silent).filter(({ description }) => description);
    assert.deepEqual(offers.map(({ negotiation, description }) => [negotiation, description.sdp]), Array(4).fill([1, kSdp('frag')]));
    assert.equal(signalsTo(silent).filter((each) => each.candidate || each.candidates).length, 4, 'and its candidate each time');
    assert.deepEqual(signalsTo(offerer), []);
    await silent.ask({ request: 'signal', to: ids[0], negotiation: 1, description: { type: 'answer', sdp: kSdp('late') } });
    assert.equal((await offerer.next('signal')).description.sdp, kSdp('late'));
  });

  test('a client that never answers holds nobody up', async () => {
    const handle = await client.attach();
    const { session_id, receive_token } = await handle.ask({ request: 'join', room: 'silent', user_id: 'mute' });
    const receiving = await client.attach();
    const offer = await receiving.ask({ request: 'receive', session_id, receive_token });
    const grown = await growthKib(async () => {
      for (let round = 0; round < 200; ++round) {
        const guest = await client.attach();
        assert.equal((await guest.ask({ request: 'join', room: 'silent', user_id: 'guest' })).callroom, 'joined');
        assert.equal((await guest.ask({ request: 'leave' })).callroom, 'left');
        await guest.detach();
      }
    });
    const offers = receiving.events.filter(({ callroom }) => callroom === 'offer');
    assert.deepEqual(offers.map(({ negotiation }) => negotiation).filter((number) => number !== offer.negotiation), [], 'one offer is out, and stays so');
    const pages = [await caller('silent', 'x'), await caller('silent', 'y')];
    for (const page of pages) await mediaFlows(page);
    for (const page of pages) {
      await page.evaluate(() => window.client.leave());
      await page.context().close();
    }
    assert.ok(grown < 8192, `Janus grew by ${grown} KiB`);
    for (const each of [handle, receiving]) await each.detach();
  });
});
