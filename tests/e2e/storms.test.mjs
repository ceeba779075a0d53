// Storms of changes, all sides at the same instant: rooms must converge, every time. A short form by default; with
// CALLROOM_LONG=1 (tests/run --long) as many rounds as the requirement names, which takes the better part of an hour;
// --test-name-pattern chooses a row, CALLROOM_STORM_ROUNDS another number of rounds. The seed is printed, and
// CALLROOM_STORM_SEED repeats it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { quantile } from '../support/call_truth.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { Storm, stormPage } from '../support/storm.mjs';
import { TwoSides } from '../support/two_sides.mjs';

const kLong = process.env.CALLROOM_LONG === '1';
const kSeed = Number(process.env.CALLROOM_STORM_SEED ?? Math.floor(Math.random() * 2 ** 32));
const kDelaysMs = [30, 65, 100]; // one way
// A dozen connections that all change at once are two cores' work of a second: what else runs there makes it two.
const kMany = kLong ? {} : { withinMs: 4000 };
const rounds = (short, long) => Number(process.env.CALLROOM_STORM_ROUNDS ?? (kLong ? long : short));

let sides;
let stack;
let network;
let host;
before(async () => {
  sides = await TwoSides.start({ janus_plugins: 'videocall', 'plugin.general.max_rooms': 1000 });
  ({ stack, network } = sides);
  host = await (await JanusClient.connect(stack.webSocket)).attach();
  console.log(`seed ${kSeed}: CALLROOM_STORM_SEED=${kSeed} repeats these storms`);
}, { timeout: 60_000 });
after(() => sides?.close());

/** Makes rooms of one kind, by number: each set-up of a storm has one of its own. */
function roomsOf(name, settings) {
  return async (number) => {
    const room = `${name}-${number}`;
    const answer = await host.ask({ request: 'create', room, videocodec: 'vp8', ...settings });
    assert.equal(answer.callroom, 'created', JSON.stringify(answer));
    return room;
  };
}

const rounded = (ms) => (ms === undefined ? 'none' : Math.round(ms));
function tell(name, { rounds, failed, settledMs, flowingMs }) {
  const count = (verdict) => failed.filter((each) => each.verdict === verdict).length;
  const times = (values) => `p50 ${rounded(quantile(values, 0.5))}, p95 ${rounded(quantile(values, 0.95))} ms`;
  console.log(`${name}: ${rounds} rounds, ${count('stuck')} stuck, ${count('late')} late; applied ${times(settledMs)}; all frames new ${times(flowingMs)}`);
}

const onFailure = (report) => {
  console.log(`round ${report.round} ${report.verdict} (${report.lateMs} ms): ${report.changes.join('; ')}; ${report.missing.join('; ')}`);
  if (process.env.CALLROOM_STORM_VERBOSE) console.log(report.state);
};

/** A storm in pages of its own: `where` has, for each person, the side of the network. */
async function storm(name, where, options, count) {
  const pages = [];
  for (const side of where) pages.push(await stormPage(sides.browsers[side]));
  const result = await Storm.begin({ kind: 'callroom', url: stack.webSocket, seed: kSeed, onFailure, pages, ...options });
  try {
    await result.run(count);
  } finally {
    tell(name, result);
    await result.leave();
    for (const page of pages) await page.context().close();
  }
  return result;
}

/**
 * Counts first offers that are rolled back, and those of them that had gathered nothing yet: of such a connection Chromium never
 * gathers anything.
 */
function watchRollbacks() {
  window.rollbacks = { all: 0, early: 0 };
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...parameters) {
      super(...parameters);
      this.addEventListener('icecandidate', () => { this.hasGathered = true; });
    }

    async setLocalDescription(description) {
      this.offers = description?.type === 'offer';
      try {
        await super.setLocalDescription(description);
      } catch (error) {
        this.offers = false;
        throw error;
      }
    }

    setRemoteDescription(description) {
      if (description.type === 'offer' && this.offers && !this.currentLocalDescription) {
        ++window.rollbacks.all;
        if (!this.hasGathered) ++window.rollbacks.early;
      }
      return super.setRemoteDescription(description);
    }
  };
}

const passes = ({ failed }) => assert.deepEqual(failed.map(({ verdict, missing }) => ({ verdict, missing })), []);

describe('everybody changes what they send at the same instant, and every round converges', { timeout: 3_600_000 }, () => {
  for (const media of ['p2p', 'relay']) {
    test(`${media}, two people`, async () => {
      passes(await storm(media, ['near', 'near'], { room: roomsOf(media, { media, capacity: 2 }) }, rounds(25, 500)));
    });
  }

  test('p2p, four people', async () => {
    passes(await storm('p2p, four people', Array(4).fill('near'), { ...kMany, room: roomsOf('four-p2p', { media: 'p2p', capacity: 4 }) }, rounds(3, 50)));
  });

  for (const media of ['p2p', 'relay']) {
    test(`${media}, two people who come at the same instant, whoever of them is polite`, async () => {
      const pages = [await stormPage(sides.browsers.near), await stormPage(sides.browsers.near)];
      for (const page of pages) await page.evaluate(watchRollbacks);
      try {
        const options = { kind: 'callroom', url: stack.webSocket, seed: kSeed, pages, room: roomsOf(`meet-${media}`, { media, capacity: 2 }) };
        const people = await Storm.begin(options);
        await people.meetAgain(rounds(10, 100));
        console.log(`${media}: met ${people.metMs.length} times, p50 ${rounded(quantile(people.metMs, 0.5))}, most ${rounded(Math.max(...people.metMs))} ms`);
        assert.ok(Math.max(...people.metMs) < 5000, `${people.metMs}`);
        const rollbacks = await Promise.all(pages.map((page) => page.evaluate(() => window.rollbacks)));
        if (media === 'p2p') assert.ok(rollbacks.some(({ all }) => all > 0), 'first offers crossed');
        assert.deepEqual(rollbacks.map(({ early }) => early), [0, 0]);
        await people.leave();
      } finally {
        for (const page of pages) await page.context().close();
      }
    });
  }

  for (const media of ['p2p', 'relay']) {
    for (const loss of [2, 5]) {
      test(`${media} at ${loss} % loss and 30 to 100 ms delay`, async () => {
        try {
          for (const [i, delay] of kDelaysMs.entries()) {
            await network.set('both', { loss, delay });
            const name = `${media}-${loss}-${delay}`;
            // Signaling is as far as media: in p2p the room is half-way.
            const options = { room: roomsOf(name, { media, capacity: 2 }), delayMs: media === 'p2p' ? delay / 2 : delay };
            passes(await storm(`${media}, ${loss} % loss, ${delay} ms`, media === 'p2p' ? ['near', 'far'] : ['near', 'near'], options, rounds(2, i === 0 ? 34 : 33)));
          }
        } finally {
          await network.set('both');
        }
      });
    }
  }

  for (const kind of ['naive', 'strict']) {
    test(`p2p with ${kind} clients`, async () => {
      passes(await storm(`p2p, ${kind} clients`, ['near', 'near'], { kind, room: roomsOf(kind, { media: 'p2p', capacity: 2 }) }, rounds(15, 200)));
    });
  }

  test('relay room of four at 10 % loss towards one: every picture of theirs keeps moving', async () => {
    const pages = [];
    try {
      for (const side of ['near', 'far', 'far', 'far']) pages.push(await stormPage(sides.browsers[side]));
      const four = await Storm.begin({ kind: 'callroom', url: stack.webSocket, seed: kSeed, pages, room: roomsOf('four', { capacity: 4 }) });
      // Janus resends a packet once in 200 ms; Chrome asks for it ten times, a round trip apart.
      await network.set('up', { delay: 20 });
      await network.set('down', { delay: 20, loss: 10 });
      const lines = await four.watch(pages[0], kLong ? 60_000 : 10_000);
      console.log(`relay, four people, 10 % loss towards one: ${lines.map((line) => JSON.stringify(line)).join(' ')}`);
      assert.equal(lines.length, 3);
      for (const { longestStillMs, nacks, retransmitted } of lines) {
        assert.ok(longestStillMs < 2000, JSON.stringify(lines));
        assert.ok(nacks > 0 && retransmitted > 0, JSON.stringify(lines));
      }
      await four.leave();
      // The way loses, and is not narrow: nobody is shown less of anybody for that.
      const changes = (await stack.sessionRows('four-1', 4)).map((row) => row.quality_changes);
      console.log(`quality changes in their rows: ${changes}`);
      assert.deepEqual(changes, [0, 0, 0, 0]);
    } finally {
      await network.set('both');
      for (const page of pages) await page.context().close();
    }
  });

  test('relay room of six, everyone changing', async () => {
    passes(await storm('relay, six people', Array(6).fill('near'), { ...kMany, room: roomsOf('six', { capacity: 6 }) }, rounds(5, 100)));
  });
});

test('a collision is over, both changes applied, in a moment', { timeout: 120_000 }, async () => {
  const options = { room: roomsOf('crossing', { media: 'p2p', capacity: 2 }), changes: 'additions', maxSkewMs: 0 };
  const result = await storm('p2p, every offer crossing', ['near', 'near'], options, rounds(20, 100));
  passes(result);
  const rows = await stack.sessionRows('crossing-1', 2);
  console.log(`${rows[0].glare_count} collisions in ${result.rounds} rounds`);
  assert.ok(quantile(result.settledMs, 0.5) < 150, `${result.settledMs}`);
});

test('without a room that arbitrates: janus.plugin.videocall with the browser\'s own defaults', { timeout: 600_000 }, async () => {
  const options = { kind: 'videocall', room: async (number) => `call${number}` };
  const result = await storm('videocall', ['near', 'near'], options, rounds(5, 100));
  console.log(`videocall: ${result.failed.length} of ${result.rounds} rounds stuck or frozen`);
});
