// What Postgres does for the panel's questions: the rollups answer them, and pages walk along an index; nothing reads the
// sessions through. The plans are kept in build/tests/plans.txt. And how large a row is.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Cluster, project, temporaryFolder, until } from './support/cluster.mjs';
import { Driver } from './support/driver.mjs';

const run = promisify(execFile);
const kSessions = 40_000; // enough that reading all of them would be the dearer way
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
  await cluster.sql('VACUUM ANALYZE');
  driver = await Driver.open(join(folder, 'data'), {
    writer: cluster.conninfo('callroom_writer', 'plans'), reader: cluster.conninfo('callroom_reader', 'plans'), maintenance_ms: 3_600_000,
  });
  mkdirSync(join(project, 'build/tests'), { recursive: true });
  rmSync(kept, { force: true });
}, { timeout: 120_000 });

after(async () => {
  await driver?.stop();
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** What an admin request made Postgres do: {nodes: [{how, what, rows}], text}. */
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
  const nodes = [...text.matchAll(/->  ((?:Parallel )?(?:Seq Scan|Index (?:Only )?Scan(?: Backward)?|Bitmap Heap Scan))(?: using \S+)? on (\S+).*?(?:actual rows=(\d+) loops=(\d+)|never executed)/g)]
    .map(([, how, what, rows, loops]) => ({ how, what, rows: Number(rows ?? 0) * Number(loops ?? 0), executed: rows !== undefined }));
  writeFileSync(kept, `=== ${request} ${JSON.stringify(fields)}\n${text}\n`, { flag: 'a' });
  return { answer, nodes };
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
    assert.ok(keys <= examples + 22, `${keys} keys for ${examples} examples`);
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

const pages = {
  newest: {}, worst: { order: 'worst' }, 'of a rating': { rating: 'poor' }, 'of a provider': { provider: 'p2p' }, 'of a room': { room: 'room-7' },
  'of a user': { user_id: 'user-7' }, 'with a common issue': { issue: 'high_latency' }, 'with a rare issue': { issue: 'keyframe_storm' },
  'with a rare issue, worst': { issue: 'keyframe_storm', order: 'worst' },
};
for (const [name, fields] of Object.entries(pages)) {
  test(`a page of sessions, ${name}, and the next one walk along an index`, async () => {
    const first = await plansOf('sessions', { range: '30d', limit: 20, ...fields });
    const plans = [first];
    if (first.answer.next) plans.push(await plansOf('sessions', { range: '30d', limit: 20, ...fields, cursor: first.answer.next }));
    assert.ok(first.answer.sessions.length > 0);
    for (const { nodes } of plans) {
      const read = nodes.filter((node) => isSession(node) || isKey(node));
      const through = read.filter(({ how, rows }) => how.includes('Seq') && rows > 0);
      assert.deepEqual(through, []);
      assert.ok(read.reduce((sum, { rows }) => sum + rows, 0) <= 2000, JSON.stringify(read));
    }
  });
}
