// What Postgres does for the panel's questions: the rollups answer them, and pages walk along an index; nothing reads the
// sessions through. The plans are kept in build/tests/plans.txt. And how large a row is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Cluster, project, temporaryFolder, until } from './support/cluster.mjs';
import { Driver, killDrivers } from './support/driver.mjs';

const run = promisify(execFile);
const kSessions = 20_000; // enough that reading all of them would be the dearer way
const kept = join(project, 'build/tests/plans.txt');

let cluster;
let folder;
let driver;
let log;
let marked = 0;

before(async () => {
  // auto_explain writes down what was really done, for the questions as the plugin asks them.
  cluster = await new Cluster({
    session_preload_libraries: 'auto_explain', 'auto_explain.log_min_duration': 0, 'auto_explain.log_analyze': 'on', 'auto_explain.log_timing': 'off',
    logging_collector: 'on', log_directory: 'log', log_filename: 'server.log', log_line_prefix: '%u: ', log_rotation_size: 0, log_rotation_age: 0,
  }).create();
  await cluster.start();
  folder = temporaryFolder();
  log = join(cluster.data, 'log/server.log');
  await cluster.newDatabase('plans');
  await run(join(project, 'tests/bench/generate_sessions'), [cluster.conninfo('callroom_owner', 'plans'), String(kSessions)], {
    env: { ...process.env, PGOPTIONS: '-c auto_explain.log_min_duration=-1' },
  });
  await fillThisWeek();
  await cluster.sql('VACUUM ANALYZE');
  driver = await Driver.open(join(folder, 'data'), {
    writer: cluster.conninfo('callroom_writer', 'plans'), reader: cluster.conninfo('callroom_reader', 'plans'), maintenance_ms: 3_600_000,
  });
  mkdirSync(join(project, 'build/tests'), { recursive: true });
  rmSync(kept, { force: true });
}, { timeout: 120_000 });

/** Early on a Monday this week's partition has a handful of rows, and those Postgres rightly reads through. */
async function fillThisWeek() {
  const [[columns]] = await cluster.sql(`SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
    WHERE table_name = 'session_quality_logs' AND is_generated = 'NEVER' AND column_name NOT IN ('session_id', 'created_at')`);
  await cluster.sql(`INSERT INTO session_quality_logs (session_id, created_at, ${columns})
    SELECT gen_random_uuid(), callroom_week(now()) + random() * (now() - callroom_week(now())), ${columns}
    FROM session_quality_logs ORDER BY created_at DESC LIMIT ${kSessions / 10}`);
}

after(async () => {
  await killDrivers();
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** What an admin request made Postgres do: {answer, nodes: [{how, what, rows that were read}], text}. */
async function plansOf(request, fields) {
  const from = readFileSync(log, 'utf8').length;
  const answer = await driver.admin(request, fields);
  assert.notEqual(answer.callroom, 'error', JSON.stringify(answer));
  // The server's logger may be behind: what it was given before this, it has written once it has written this.
  const marker = `after request ${(marked += 1)}`;
  await cluster.sql(`SELECT '${marker}'`);
  const written = await until('the log', () => {
    const text = readFileSync(log, 'utf8').slice(from);
    return text.includes(marker) && text;
  });
  const entries = written.split(/^(?=\S+: )/m)
    .filter((entry) => entry.startsWith('callroom_reader: LOG:') && /session_quality/.test(entry));
  assert.ok(entries.length > 0, 'no plan in the log');
  const text = entries.map((entry) => entry.replace(/^\tQuery Text:(.|\n)*?(?=^\t[A-Z][A-Za-z ]+  \(cost)/m, '')).join('\n');
  const nodes = [];
  for (const line of text.split('\n')) {
    const scan = /->  ((?:Parallel )?(?:Seq Scan|Index (?:Only )?Scan(?: Backward)?|Bitmap Heap Scan))(?: using \S+)? on (\S+).*?(?:actual rows=(\d+) loops=(\d+)|never executed)/.exec(line);
    const left = /Rows Removed by (?:Filter|Index Recheck): (\d+)/.exec(line);
    if (scan) {
      const [, how, what, rows, loops] = scan;
      nodes.push({ how, what, rows: Number(rows ?? 0) * Number(loops ?? 0), loops: Number(loops ?? 0), executed: rows !== undefined });
    } else if (left && nodes.length > 0) {
      nodes.at(-1).rows += Number(left[1]) * nodes.at(-1).loops; // read as well
    }
  }
  writeFileSync(kept, `=== ${request} ${JSON.stringify(fields)}\n${text}\n`, { flag: 'a' });
  return { answer, nodes, text };
}

const isRollup = ({ what }) => /^session_quality_(5min|hour|day)$/.test(what);
const isSession = ({ what }) => /^session_quality_logs_/.test(what);
const isKey = ({ what }) => /^session_quality_issues_/.test(what);

for (const range of ['24h', '7d', '30d']) {
  for (const request of ['summary', 'series', 'providers']) {
    test(`${request} over ${range} reads rollups and no session`, async () => {
      const { answer, nodes } = await plansOf(request, { range });
      assert.ok(JSON.stringify(answer).includes('"sessions"'));
      assert.ok(nodes.some(isRollup));
      assert.deepEqual(nodes.filter((node) => node.executed && !isRollup(node)), []);
    });
  }

  test(`issues over ${range} reads rollups, and keys for its examples`, async () => {
    const { answer, nodes } = await plansOf('issues', { range });
    const keys = nodes.filter(isKey).reduce((sum, { rows }) => sum + rows, 0);
    assert.ok(answer.issues.length > 3 && answer.issues.every(({ examples }) => examples.length > 0));
    assert.ok(nodes.some(isRollup));
    const examples = answer.issues.reduce((sum, issue) => sum + issue.examples.length, 0);
    const sessions = nodes.filter(isSession).reduce((sum, { rows }) => sum + rows, 0);
    const looks = nodes.filter((node) => isKey(node) && node.executed).length * 22; // the first of each partition, to merge them
    assert.ok(keys <= examples + looks, `${keys} keys for ${examples} examples`);
    assert.ok(sessions <= keys, `${sessions} sessions for ${keys} keys`);
  });
}

test('a row with its timeline has at most 1 KB on average', async () => {
  const [bytes, timelines] = (await cluster.sql('SELECT avg(pg_column_size(s.*)), avg(octet_length(timeline)) FROM session_quality_logs s WHERE timeline IS NOT NULL'))[0];
  console.log(`# a row: ${Math.round(bytes)} bytes on average, ${Math.round(timelines)} of them its timeline`);
  assert.ok(Number(bytes) <= 1024);
  assert.ok(Number(timelines) > 100);
});

test('a range whose ends lie within five minutes reads those few sessions and rollups for the rest', async () => {
  const at = (hours) => new Date(Date.now() - hours * 3_600_000 + 61_001).toISOString();
  const { answer, nodes } = await plansOf('summary', { from: at(300), to: at(40) });
  const sessions = nodes.filter(isSession).reduce((sum, { rows }) => sum + rows, 0);
  assert.ok(answer.current.sessions > 1000);
  assert.ok(nodes.filter(isSession).every(({ how, executed }) => !executed || !how.startsWith('Seq')), JSON.stringify(nodes.filter(isSession)));
  assert.ok(sessions <= answer.current.sessions / 20, `${sessions} of ${answer.current.sessions}`);
});

const filters = {
  'of all': {}, 'of a rating': { rating: 'poor' }, 'of the best rating': { rating: 'excellent' }, 'of two ratings': { rating: ['poor', 'failed'] },
  'of a provider': { provider: 'p2p' }, 'of a node': { node: 'node-2' }, 'of a room': { room: 'room-7' }, 'of a user': { user_id: 'user-7' },
  'with a common issue': { issue: 'high_latency' }, 'with a rare issue': { issue: 'keyframe_storm' },
  'with an issue, of a rating': { issue: 'high_loss', rating: 'poor' }, 'with an issue, of a provider': { issue: 'high_loss', provider: 'p2p' },
};
for (const order of ['newest', 'worst']) {
  for (const [name, fields] of Object.entries(filters)) {
    test(`a page of sessions, ${order} ${name}, and the next one walk along indexes`, async () => {
      const first = await plansOf('sessions', { range: '30d', limit: 20, order, ...fields });
      const plans = [first];
      if (first.answer.next) plans.push(await plansOf('sessions', { range: '30d', limit: 20, order, ...fields, cursor: first.answer.next }));
      assert.ok(first.answer.sessions.length > 0);
      const few = 'room' in fields || 'user_id' in fields; // whose worst are found by sorting keys
      for (const { nodes, text } of plans) {
        const read = nodes.filter((node) => isSession(node) || isKey(node));
        assert.deepEqual(read.filter(({ how, rows }) => !how.startsWith('Index') && rows > 0), []);
        assert.ok(read.reduce((sum, { rows }) => sum + rows, 0) <= 800, JSON.stringify(read));
        if (!few) assert.ok(!/^\s*(->  )?Sort  /m.test(text), 'sorted');
        if (few && order === 'worst') assert.ok(text.includes('Index Only Scan'));
      }
    });
  }
}

for (const [name, fields] of Object.entries({ provider: { provider: 'nobody' }, node: { node: 'gone' }, 'provider and rating': { provider: 'nobody', rating: 'poor' } })) {
  test(`a page of a ${name} without sessions reads none`, async () => {
    for (const order of ['newest', 'worst']) {
      const { answer, nodes } = await plansOf('sessions', { range: '30d', order, ...fields });
      assert.deepEqual(answer.sessions, []);
      assert.deepEqual(nodes.filter((node) => isSession(node) && node.rows > 0), []);
    }
  });
}

test('a page of the worst sessions of a few minutes reads those of these minutes', async () => {
  const at = Date.now() - 40 * 3_600_000;
  const range = { from: new Date(at).toISOString(), to: new Date(at + 1_200_000).toISOString() };
  const inIt = Number((await cluster.sql(`SELECT count(*) FROM session_quality_logs WHERE created_at >= '${range.from}' AND created_at < '${range.to}'`))[0][0]);
  assert.ok(inIt >= 5, `${inIt} sessions`);
  for (const fields of [{}, { rating: 'good' }, { rating: ['good', 'excellent'] }, { provider: 'janus' }, { node: 'node-1' }, { issue: 'high_loss' }]) {
    const { nodes, text } = await plansOf('sessions', { ...range, order: 'worst', limit: 3, ...fields });
    // What is passed over within an index is in no figure of a plan: the order of the worst must not be walked at all.
    assert.doesNotMatch(text, /Scan.* using \S*_worst_r/);
    const read = nodes.filter((node) => isSession(node) || isKey(node));
    assert.ok(read.reduce((sum, { rows }) => sum + rows, 0) <= inIt + 4, `${inIt} sessions: ${JSON.stringify(read)}`);
  }
});
