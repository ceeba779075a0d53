// Every way in which a session can end leaves one row that says which way it was, with the call's figures. All calls run
// at the same time in two pages, small and slow so that the machine bears them; each then ends in its own way.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientPage, launchBrowser, openPage } from '../support/browser.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';
import { isPlausible } from '../support/rows.mjs';

const kSessionTimeoutS = 12;
const kReclaimS = 2;
// Over 20 s of media, so that sessions are rated.
const kMediaS = 22;
const kVideo = { width: 160, height: 120, frameRate: 6 };

// In each room two people: "one" whose end is looked at, "two" who stays until Janus stops unless the room ends.
const rooms = ['leave', 'detach', 'closed', 'timeout', 'kick', 'destroy', 'takeover', 'stop'];

let stack;
let browser;
let ones;
let twos;
let closing;
let host;
before(async () => {
  stack = await startStack({ session_timeout: kSessionTimeoutS, reclaim_timeout: kReclaimS });
  browser = await launchBrowser();
  host = await (await JanusClient.connect(stack.webSocket)).attach();
  for (const room of rooms) {
    await host.ask({ request: 'create', room, secret: 'host', videocodec: 'vp8', capacity: 2 });
  }
  [ones, twos, closing] = await Promise.all([1, 2, 3].map(() => clientPage(browser, stack)));
  for (const room of rooms) {
    await join(room === 'closed' ? closing : ones, room, 'one');
    await join(twos, room, 'two');
  }
  for (const page of [ones, twos, closing]) await page.evaluate(() => Promise.all(Object.values(window.calls).map((c) => c.seen)));
  await until(
    () => ones.evaluate(() => client.now() - Math.max(...Object.values(window.calls).map((c) => c.times.asked))),
    (ms) => ms > kMediaS * 1000,
    { timeoutMs: 60_000, everyMs: 500, what: `${kMediaS} s of media` },
  );
}, { timeout: 180_000 });
after(async () => {
  await browser?.close();
  await stack?.close();
});

async function join(page, room, user) {
  await page.evaluate(async ([room, user, video]) => {
    const prepared = await client.prepare('janus.plugin.callroom', video);
    window.calls = { ...window.calls, [room]: { ...(await client.joinCallroom(prepared, { room, user })), prepared } };
  }, [room, user, kVideo]);
}

/** The row of the person whose end is looked at, which must be the only one of theirs. */
async function rowOf(room, reason) {
  const of = () => stack.rows('SELECT * FROM session_quality_logs WHERE room = $1 AND user_id = $2', [room, 'one']);
  const rows = await until(of, (found) => found.length > 0, { timeoutMs: 30_000, what: `a row of room ${room}` });
  assert.equal(rows.length, 1, 'one row for one session');
  assert.equal(rows[0].end_reason, reason);
  return rows[0];
}

const expected = { minSeconds: kMediaS, score: true, width: kVideo.width, height: kVideo.height };

describe('a session has one row, and it says how it ended', { timeout: 180_000 }, () => {
  test('left', async () => {
    const { data } = await ones.evaluate(() => window.calls.leave.sending.ask({ request: 'leave' }));
    assert.equal(data.callroom, 'left');
    const row = await rowOf('leave', 'left');
    assert.equal(data.session_id, row.session_id);
    isPlausible(row, expected);
  });

  test('the handle was detached', async () => {
    await ones.evaluate(() => window.calls.detach.sending.detach());
    isPlausible(await rowOf('detach', 'hangup'), expected);
  });

  test('kicked', async () => {
    const id = await ones.evaluate(() => window.calls.kick.joined.id);
    const answer = await host.ask({ request: 'kick', room: 'kick', secret: 'host', id });
    assert.equal(answer.callroom, 'kicked');
    isPlausible(await rowOf('kick', 'kicked'), expected);
    await ones.waitForFunction(() => window.calls.kick.sending.events.some(({ data }) => data?.callroom === 'kicked'));
  });

  test('the room was destroyed, for everybody in it', async () => {
    const answer = await host.ask({ request: 'destroy', room: 'destroy', secret: 'host' });
    assert.equal(answer.callroom, 'destroyed');
    isPlausible(await rowOf('destroy', 'room_destroyed'), expected);
    const rows = await stack.sessionRows('destroy', 2);
    assert.deepEqual(rows.map(({ end_reason }) => end_reason), ['room_destroyed', 'room_destroyed']);
    await twos.waitForFunction(() => window.calls.destroy.sending.events.some(({ data }) => data?.callroom === 'destroyed'));
  });

  test('taken over by the same user from elsewhere', async () => {
    // Who takes a session over shows that it is theirs.
    const token = await ones.evaluate(() => window.calls.takeover.joined.receive_token);
    await closing.evaluate(async ([video, token]) => {
      const prepared = await client.prepare('janus.plugin.callroom', video);
      const how = { room: 'takeover', user: 'one', takeover: true, receive_token: token };
      window.taken = await client.joinCallroom(prepared, how);
      await window.taken.seen;
    }, [kVideo, token]);
    isPlausible(await rowOf('takeover', 'takeover'), expected);
  });

  test('the browser was closed', async () => {
    await closing.evaluate(() => window.taken.sending.ask({ request: 'leave' }));
    await closing.context().close();
    isPlausible(await rowOf('closed', 'hangup'), expected);
  });

  test('the session timed out: the client went without a word', async () => {
    // As where a laptop is shut: no media, no keep-alive, but the connection to Janus is not closed either.
    await ones.evaluate(() => {
      window.calls.timeout.janus.fallSilent();
      for (const handle of [window.calls.timeout.sending, window.calls.timeout.receiving]) handle.peer.close();
    });
    isPlausible(await rowOf('timeout', 'timeout'), { ...expected, drops: 1 });
  });

  test('the others are told who went, and why', async () => {
    const reasons = await twos.evaluate(() =>
      Object.fromEntries(
        Object.entries(window.calls).map(([room, call]) => [
          room,
          call.sending.events.find(({ data }) => data?.callroom === 'participant_left')?.data.reason,
        ]),
      ),
    );
    assert.equal(reasons.leave, 'left');
    assert.equal(reasons.kick, 'kicked');
    assert.equal(reasons.detach, 'hangup');
    assert.equal(reasons.stop, undefined);
  });

  test('Janus was stopped: every session that ran has its row after the next start at the latest', async () => {
    await stack.stop('janus');
    await stack.start('janus');
    isPlausible(await rowOf('stop', 'shutdown'), expected);
    const open = rooms.filter((room) => room !== 'destroy');
    const others = await until(
      () => stack.rows("SELECT room, end_reason FROM session_quality_logs WHERE user_id = 'two' AND room = ANY($1)", [open]),
      (rows) => rows.length >= open.length,
      { what: "the rows of those who stayed" },
    );
    assert.deepEqual(others.map(({ room }) => room).sort(), [...open].sort());
    assert.ok(others.every(({ end_reason }) => end_reason === 'shutdown'), JSON.stringify(others));
  });

  test('nothing was left in the outbox', async () => {
    const health = await stack.admin.ask({ request: 'health' });
    assert.equal(health.outbox.rows, 0, JSON.stringify(health));
  });
});
