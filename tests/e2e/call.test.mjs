// The main job: two people on the call page meet in a room, see and hear each other through Janus, and leave; their rows
// are in Postgres. And what a call leaves behind in Janus, which is nothing.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { clientPage, joinCall, launchBrowser, leaveCall, mediaFlows } from '../support/browser.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';
import { isPlausible } from '../support/rows.mjs';

const kSanitized = Boolean(process.env.CALLROOM_SANITIZER);

let stack;
let browser;
before(async () => {
  stack = await startStack({ 'plugin.room-front.pin': '2468', 'plugin.room-front.quality_events': 'true' });
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  if (stack) await until(noHandleEnds, Boolean, { what: 'Janus to free the handles that were detached' });
  await stack?.close();
});

/** Janus does not wait for handles that are just ending when it is stopped, and what it had of them counts as leaked. */
async function noHandleEnds() {
  const log = await stack.log('janus');
  const count = (text) => log.split(text).length - 1;
  return count('Detaching handle from') === count('Handle and related resources freed');
}

describe('a call of two on the call page', () => {
  const people = new Map();
  let rows;
  after(async () => {
    for (const page of people.values()) await page.context().close();
  });

  test('both see and hear each other', async () => {
    for (const name of ['Ada', 'Grace']) people.set(name, await joinCall(browser, stack, { room: 'e2e', name }));
    for (const [name, page] of people) {
      const figures = await mediaFlows(page);
      assert.ok(Math.abs(figures.videoWidth / figures.videoHeight - 16 / 9) < 0.02, `what ${name} sees: ${figures.videoWidth}x${figures.videoHeight}`);
    }
  });

  test('each page shows the other by name', async () => {
    const [ada, grace] = people.values();
    await ada.waitForSelector('figure:not(.self) .tile-name:text-is("Grace")');
    await grace.waitForSelector('figure:not(.self) .tile-name:text-is("Ada")');
  });

  test('the running sessions are told to the administrator', async () => {
    const { sessions } = await stack.admin.ask({ request: 'live' });
    assert.deepEqual(sessions.map(({ display }) => display).sort(), ['Ada', 'Grace']);
    const count = async (filter) => (await stack.admin.ask({ request: 'live', ...filter })).sessions.length;
    const { server_name: node } = stack.settings;
    assert.deepEqual([await count({ room: 'e2e', node }), await count({ node: 'elsewhere' }), await count({ rating: 'failed' })], [2, 0, 0]);
    const { rooms } = await stack.admin.ask({ request: 'rooms' });
    assert.equal(rooms.find(({ room }) => room === 'e2e').participants.length, 2);
  });

  test('both leave, and each has one row with figures that fit such a call', async () => {
    // Long enough for a score: a session under 20 s of media is unrated.
    const long = { frames: 100, samples: 22 * 48_000, timeoutMs: 90_000 };
    await Promise.all([...people.values()].map((page) => mediaFlows(page, long)));
    for (const page of people.values()) await leaveCall(page);
    rows = await stack.sessionRows('e2e', 2);
    assert.deepEqual(rows.map(({ display, end_reason }) => [display, end_reason]).sort(), [['Ada', 'left'], ['Grace', 'left']]);
    for (const row of rows) isPlausible(row, { minSeconds: 20, score: true });
  });

  test('the pages told the quality that is in the rows, and logged no error', async () => {
    for (const [name, page] of people) {
      const rating = await page.locator('[data-rating]').first().getAttribute('data-rating');
      assert.equal(rating, rows.find(({ display }) => display === name).overall_quality, name);
      assert.deepEqual(page.complaints, [], name);
    }
  });
});

test('a room with a PIN lets in who knows it', async () => {
  const page = await joinCall(browser, stack, { room: 'front', name: 'Edsger', pin: '2468' });
  await leaveCall(page);
  await page.context().close();
  const [row] = await stack.sessionRows('front', 1);
  assert.equal(row.display, 'Edsger');
  assert.equal(row.end_reason, 'left');
});

for (const codec of ['vp9', 'h264']) {
  test(`${codec} where the room prefers it, and the row has its resolution`, async () => {
    const host = await JanusClient.connect(stack.webSocket);
    const room = `codec-${codec}`;
    const created = await (await host.attach()).ask({ request: 'create', room, videocodec: codec });
    assert.equal(created.callroom, 'created');
    const pages = [];
    for (const user of ['a', 'b']) {
      const page = await clientPage(browser, stack);
      pages.push(page);
      await page.evaluate(async ([room, user]) => {
        window.call = await client.joinCallroom(await client.prepare('janus.plugin.callroom'), { room, user });
      }, [room, user]);
    }
    try {
      const seen = [];
      for (const page of pages) {
        const { videoWidth, videoHeight } = await mediaFlows(page);
        seen.push(`${videoWidth}x${videoHeight}`);
        assert.equal(await page.evaluate(receivedCodec), `video/${codec === 'vp9' ? 'VP9' : 'H264'}`);
        assert.deepEqual(await page.evaluate(transportFeedback), [true, true], 'transport-wide feedback on both PeerConnections');
      }
      for (const page of pages) await page.evaluate(() => window.call.sending.ask({ request: 'leave' }));
      for (const { resolution_max, resolution_min } of await stack.sessionRows(room, 2)) {
        assert.ok(seen.includes(resolution_max) || seen.includes(resolution_min), `${resolution_min} to ${resolution_max} in the row, ${seen} seen`);
      }
    } finally {
      for (const page of pages) await page.context().close();
      await host.destroy();
    }
  });
}

/** Whether both ends want transport-wide feedback, by PeerConnection. */
function transportFeedback() {
  const wants = ({ sdp }) => /^a=rtcp-fb:\d+ transport-cc/m.test(sdp) && sdp.includes('transport-wide-cc-extensions-01');
  return window.testConnections.map(({ localDescription, remoteDescription }) => wants(localDescription) && wants(remoteDescription));
}

async function receivedCodec() {
  for (const connection of window.testConnections) {
    const stats = await connection.getStats();
    for (const report of stats.values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'video') return stats.get(report.codecId)?.mimeType;
    }
  }
  return undefined;
}

test('a hundred joins and leaves leave nothing behind', { timeout: 300_000 }, async () => {
  const kRounds = 100;
  const host = await clientPage(browser, stack);
  const guest = await clientPage(browser, stack);
  await host.evaluate(async () => {
    window.prepared = await client.prepare('janus.plugin.callroom', { width: 160, height: 120, frameRate: 10 });
    await prepared.sending.ask({ request: 'create', room: 'door', videocodec: 'vp8' });
    window.call = await client.joinCallroom(prepared, { room: 'door', user: 'host' });
  });
  const rounds = (from, to) => guest.evaluate(comeAndGo, [from, to]);
  // The first rounds fill allocators and pools; what counts is whether it goes on growing.
  await rounds(0, kRounds / 4);
  const before = await settled();
  await rounds(kRounds / 4, kRounds);
  const after = await settled();

  assert.equal(after.handles, 2, "handles of the host's session");
  // Pools grow and shrink, and the tests' own requests hold a few connections; one a round would be 75 of them.
  assert.ok(after.threads - before.threads < 10, `threads: ${before.threads}, then ${after.threads}`);
  assert.ok(after.files - before.files < 10, `open files: ${before.files}, then ${after.files}`);
  if (!kSanitized) assert.ok(after.memory - before.memory < 4096, `resident memory grew by ${after.memory - before.memory} KiB`);
  const rows = await stack.sessionRows('door', kRounds);
  assert.equal(rows.length, kRounds);
  assert.ok(rows.every(({ end_reason }) => end_reason === 'left'));
  for (const page of [host, guest]) await page.context().close();

  /** What Janus holds, once it has let go of the guest's last session. */
  async function settled() {
    const inRoom = async () => (await stack.admin.ask({ request: 'live', room: 'door' })).sessions.length;
    await until(inRoom, (count) => count === 1, { what: "the host's session alone" });
    const hostSession = await host.evaluate(() => prepared.janus.id);
    return await until(
      async () => {
        const sessions = await stack.admin.sessions();
        return { sessions: sessions.length, handles: (await stack.admin.handles(hostSession)).length, ...(await processFigures()) };
      },
      (figures) => figures.sessions === 1,
      { what: "the host's session alone", timeoutMs: 30_000 },
    );
  }

  async function processFigures() {
    const status = await readFile(`/proc/${await stack.pid('janus')}/status`, 'utf8');
    const figure = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
    const files = await readdir(`/proc/${await stack.pid('janus')}/fd`);
    return { memory: figure('VmRSS'), threads: figure('Threads'), files: files.length };
  }
});

/** In the guest's page: joins, waits for a decoded frame, leaves; again and again. */
async function comeAndGo([from, to]) {
  for (let round = from; round < to; ++round) {
    const prepared = await client.prepare('janus.plugin.callroom', { width: 160, height: 120, frameRate: 10 });
    const call = await client.joinCallroom(prepared, { room: 'door', user: `guest-${round}` });
    await call.seen;
    await prepared.sending.ask({ request: 'leave' });
    for (const handle of [prepared.sending, prepared.receiving]) {
      handle.peer.close();
      await handle.detach();
    }
    await prepared.close();
  }
}
