// Janus killed with -9 at random moments, again and again, with people coming and going and once with a real call: every
// session that was joined has its row, and none has two. CALLROOM_KILLS and CALLROOM_SEED say how often, and which moments.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { joinCall, launchBrowser, mediaFlows } from '../support/browser.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';

const kKills = Number(process.env.CALLROOM_KILLS ?? (process.env.CALLROOM_LONG === '1' ? 50 : 5));
const kSeed = Number(process.env.CALLROOM_SEED ?? Math.floor(Math.random() * 2 ** 32));
const kClients = 3; // each with one request on its way when the kill comes
const kLongestMs = 900;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let stack;
const random = dice(kSeed);
const joined = new Set(); // ids of sessions whose join was answered
const left = new Set(); // of those whose end was acknowledged
const database = { kills: 0, away: 0 };

before(async () => {
  stack = await startStack({ fsync: 'on', 'plugin.room-crowd.capacity': 32 });
}, { timeout: 60_000 });
after(async () => {
  await stack?.close();
});

/** People come to the room and leave it, one request after the other, until `killed`. */
async function comeAndGo(client, name, killed) {
  const present = [];
  for (let count = 0; !killed.aborted; count += 1) {
    if (present.length < 5 && (present.length === 0 || random() < 0.6)) {
      const handle = await client.attach();
      const answer = await handle.ask({ request: 'join', room: 'crowd', user_id: `${name}-${count}` });
      if (answer.callroom !== 'joined') throw new Error(JSON.stringify(answer));
      joined.add(answer.session_id);
      present.push(handle);
    } else {
      const [handle] = present.splice(Math.floor(random() * present.length), 1);
      const answer = await handle.ask({ request: 'leave' });
      if (answer.callroom !== 'left') throw new Error(JSON.stringify(answer));
      left.add(answer.session_id);
    }
  }
}

async function kill() {
  process.kill(await stack.pid('janus'), 'SIGKILL');
  await stack.stop('janus'); // until it is gone
  database.kills += 1;
}

async function round(number) {
  const clients = await Promise.all(Array.from({ length: kClients }, () => JanusClient.connect(stack.webSocket)));
  const killed = new AbortController();
  const failures = [];
  for (const [index, client] of clients.entries()) {
    comeAndGo(client, `r${number}c${index}`, killed.signal).catch((error) => {
      if (!killed.signal.aborted) failures.push(error);
    });
  }
  const away = random() < 0.2; // the rows of this round wait on the disk while Janus dies
  if (away) await stack.stop('postgres', 'QUIT'); // as in a crash
  await new Promise((resolve) => setTimeout(resolve, random() * kLongestMs)); // the random moment
  killed.abort();
  await kill();
  for (const client of clients) client.close();
  if (away) {
    database.away += 1;
    await stack.start('postgres');
  }
  await stack.start('janus');
  assert.deepEqual(failures, []);
}

const allRows = () => stack.rows('SELECT session_id, user_id, end_reason, samples FROM session_quality_logs');

/** All that was joined has a row, the outbox is empty, and the journal has nobody. */
async function settled() {
  await until(() => stack.admin.ask({ request: 'health' }), (health) => health.outbox.rows === 0 && health.journal.open === 0, {
    timeoutMs: 30_000, what: 'an empty outbox and journal',
  });
  return await allRows();
}

test('a call in two real browsers has rows with what was measured until the kill', { timeout: 90_000 }, async () => {
  const browser = await launchBrowser();
  let sessions;
  try {
    const pages = [];
    for (const name of ['Ada', 'Grace']) pages.push(await joinCall(browser, stack, { room: 'real', name }));
    await Promise.all(pages.map((page) => mediaFlows(page)));
    ({ sessions } = await until(
      () => stack.admin.ask({ request: 'live', room: 'real' }),
      (live) => live.sessions.length === 2 && live.sessions.every(({ duration_s, sample }) => sample && duration_s > 7),
      { timeoutMs: 30_000, what: 'two samples of both' },
    ));
    await kill();
  } finally {
    await browser.close();
  }
  await stack.start('janus');
  const rows = await stack.sessionRows('real', 2);
  for (const { session_id } of sessions) joined.add(session_id);
  assert.deepEqual(new Set(rows.map(({ session_id }) => session_id)), new Set(sessions.map(({ session_id }) => session_id)));
  for (const row of rows) {
    assert.equal(row.end_reason, 'crashed');
    assert.ok(row.samples >= 2, `${row.samples} samples`);
    assert.ok(row.bandwidth_in_kbps > 0 && row.bandwidth_out_kbps > 0);
    assert.ok(row.timeline.length > 0);
  }
});

test(`killed with -9 at random moments, ${kKills} times: no session is lost, none counts twice`, { timeout: 60_000 + kKills * 15_000 }, async () => {
  console.log(`# seed ${kSeed}`);
  for (let number = 1; number <= kKills; number += 1) await round(number);
  const rows = await settled();
  const rolledUp = await stack.rows('SELECT sum(sessions)::int AS count FROM session_quality_day');
  const byId = new Map(rows.map((row) => [row.session_id, row]));
  const missing = [...joined].filter((id) => !byId.has(id));
  const wrongEnd = [...left].filter((id) => byId.get(id)?.end_reason !== 'left');
  // Killed between a join and its answer: the row is there, and only the test does not know of it. The same for ends.
  const unknown = rows.filter(({ session_id }) => !joined.has(session_id));
  const crashed = rows.filter(({ end_reason }) => end_reason === 'crashed');
  console.log(`# ${database.kills} kills, ${database.away} of them with Postgres killed too: ${joined.size} joins answered, ${left.size} ends acknowledged, ` +
    `${rows.length} rows (${byId.size} sessions, ${crashed.length} crashed, ${unknown.length} of joins that were not answered), ${missing.length} missing`);
  assert.deepEqual({ missing, wrongEnd }, { missing: [], wrongEnd: [] });
  assert.equal(byId.size, rows.length);
  assert.equal(rolledUp[0].count, rows.length);
  assert.ok(unknown.length <= kKills * kClients);
  assert.ok(crashed.length > 0 && left.size > 0);
});
