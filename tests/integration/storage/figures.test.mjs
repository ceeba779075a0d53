// Every figure of summary, series, providers and issues against plain SQL over the rows; pages and exports against the table.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Cluster, project, temporaryFolder, until } from './support/cluster.mjs';
import { Driver, killDrivers } from './support/driver.mjs';

const kSessions = 4000;
const run = promisify(execFile);
let cluster;
let folder;
let driver;

before(async () => {
  cluster = await (await new Cluster().create()).start();
  folder = temporaryFolder();
  await cluster.newDatabase('figures');
  await run(join(project, 'tests/bench/generate_sessions'), [cluster.conninfo('callroom_owner', 'figures'), String(kSessions), '20']);
  driver = await Driver.open(join(folder, 'data'), {
    writer: cluster.conninfo('callroom_writer', 'figures'), reader: cluster.conninfo('callroom_reader', 'figures'), maintenance_ms: 3_600_000,
  });
  await driver.finish(300, 1); // some that came the plugin's way
  await until('their rows', async () => (await driver.health()).rows.written === 300);
});

after(async () => {
  await killDrivers();
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const kRatings = ['excellent', 'good', 'fair', 'poor', 'failed', 'unrated'];
// The name of each mean in the answers, and its column.
const kMeans = {
  score: 'quality_score', latency: 'latency_avg_ms', jitter: 'jitter_avg_ms', loss_in: 'packet_loss_in_pct', loss_out: 'packet_loss_out_pct',
  bandwidth_in: 'bandwidth_in_kbps', bandwidth_out: 'bandwidth_out_kbps', frame_rate: 'frame_rate_avg',
};
const kRated = "count(*) FILTER (WHERE overall_quality <> 'unrated')";
const kPoorOrFailed = "count(*) FILTER (WHERE overall_quality IN ('poor', 'failed'))";
const kDropped = 'count(*) FILTER (WHERE connection_drops > 0)';
const share = (hits, all) => `100.0 * ${hits} / nullif(${all}, 0)`;
const shareMargin = (hits, all) => `CASE WHEN ${all} > 1 THEN 196 * sqrt(${hits}::float8 / ${all} * (1 - ${hits}::float8 / ${all}) / ${all}) END`;
const kColumns = [
  'count(*) AS sessions',
  ...kRatings.map((rating) => `count(*) FILTER (WHERE overall_quality = '${rating}') AS ${rating}`),
  ...Object.entries(kMeans).flatMap(([name, column]) => [
    `avg(${column}) AS ${name}`, `count(${column}) AS ${name}_sessions`, `1.96 * stddev_samp(${column}) / nullif(sqrt(count(${column})), 0) AS ${name}_margin`,
  ]),
  'percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_avg_ms) AS p50', 'percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_avg_ms) AS p95',
  `${share(kPoorOrFailed, kRated)} AS poor_or_failed`, `${kRated} AS rated`, `${shareMargin(kPoorOrFailed, kRated)} AS poor_or_failed_margin`,
  `${share(kDropped, 'count(*)')} AS drops_share`, `${kDropped} AS dropped`, `${shareMargin(kDropped, 'count(*)')} AS drops_margin`,
  'sum(connection_drops) AS drops', 'sum(recoveries) AS recoveries', 'sum(freeze_count) AS freezes', 'sum(freeze_ms) AS freeze_ms',
  'sum(duration_s) AS duration_s', 'sum(negotiations) AS negotiations', 'sum(glare_count) AS glare',
  `ARRAY[${Array.from({ length: 20 }, (_, bin) => `count(quality_score) FILTER (WHERE least(floor(quality_score / 5), 19) = ${bin})`)}] AS score_histogram`,
].join(', ');

async function fromRows(where, group = '') {
  const text = await cluster.value(
    `SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]') FROM (SELECT ${group ? `${group} AS key, ` : ''}${kColumns} FROM session_quality_logs WHERE ${where} ${group ? 'GROUP BY 1 ORDER BY 1' : ''}) f`,
  );
  return JSON.parse(text);
}

const inRange = ({ from, to }) => `created_at >= '${from}' AND created_at < '${to}'`;

function near(actual, expected, what, tolerance = 1e-9) {
  if (expected === null || actual === null) return assert.equal(actual, expected, what);
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${what}: ${actual}, the rows say ${expected}`);
}

/** What a point of a series has of the figures. */
const kPoint = ['sessions', 'scored', 'score', 'ratings', 'poor_or_failed', 'latency', 'loss_in', 'loss_out', 'drops'];

/** Every figure of a point of a series, and that it has no other. */
function samePoint({ at, ...point }, rows, what) {
  assert.deepEqual(Object.keys(point).sort(), [...kPoint].sort());
  const pairs = {
    sessions: point.sessions, scored: point.scored, score: point.score, poor_or_failed: point.poor_or_failed.share_pct, rated: point.poor_or_failed.sessions,
    latency: point.latency.avg_ms, latency_sessions: point.latency.sessions, loss_in: point.loss_in.avg_pct, loss_in_sessions: point.loss_in.sessions,
    loss_out: point.loss_out.avg_pct, loss_out_sessions: point.loss_out.sessions, drops_share: point.drops.share_pct, dropped: point.drops.sessions, drops: point.drops.count,
  };
  for (const [name, value] of Object.entries(pairs)) near(value, rows[name === 'scored' ? 'score_sessions' : name], `${what} ${name}`);
  for (const rating of kRatings) {
    near(point.ratings[rating].sessions, rows[rating], `${what} ${rating}`);
    near(point.ratings[rating].share_pct, rows.sessions > 0 ? (100 * rows[rating]) / rows.sessions : null, `${what} share of ${rating}`);
  }
  if (rows.latency_sessions >= 200) {
    near(point.latency.p50_ms, rows.p50, `${what} p50`, 0.08);
    near(point.latency.p95_ms, rows.p95, `${what} p95`, 0.08);
  }
}

/** Every figure of an answer, and that it has no other. */
function same(figures, rows, what) {
  const { score, scored, score_margin, ratings, poor_or_failed, drops, freezes, score_histogram, latency } = figures;
  const means = { ...figures, score: { avg: score, sessions: scored, margin: score_margin } };
  const pairs = {
    sessions: figures.sessions, poor_or_failed: poor_or_failed.share_pct, rated: poor_or_failed.sessions, drops_share: drops.share_pct, dropped: drops.sessions,
  };
  for (const name of Object.keys(kMeans)) {
    const { margin, sessions, p50_ms, p95_ms, ...average } = means[name];
    [pairs[name]] = Object.values(average);
    pairs[`${name}_sessions`] = sessions;
    // Sums of squares are kept of those whose difference is judged.
    if (!/bandwidth|frame_rate/.test(name)) near(margin, rows[`${name}_margin`], `${what} ${name}_margin`, 1e-6);
  }
  for (const rating of kRatings) {
    pairs[rating] = ratings[rating].sessions;
    near(ratings[rating].share_pct, rows.sessions > 0 ? (100 * rows[rating]) / rows.sessions : null, `${what} share of ${rating}`);
  }
  for (const [name, value] of Object.entries(pairs)) near(value, rows[name], `${what} ${name}`);
  const sums = { drops: drops.count, recoveries: drops.recoveries, freezes: freezes.count, freeze_ms: freezes.ms, duration_s: figures.duration_s, negotiations: figures.negotiations, glare: figures.glare };
  for (const [name, value] of Object.entries(sums)) near(value, rows[name] ?? 0, `${what} ${name}`);
  // By histogram: never off by more than the width of a bin, 8 %. With few sessions the definition itself leaves more room.
  if (rows.latency_sessions >= 200) {
    near(latency.p50_ms, rows.p50, `${what} p50`, 0.08);
    near(latency.p95_ms, rows.p95, `${what} p95`, 0.08);
  }
  assert.deepEqual(score_histogram, rows.score_histogram, `${what} score_histogram`);
  const known = [...Object.keys(kMeans), 'sessions', 'duration_s', 'scored', 'score_margin', 'ratings', 'poor_or_failed', 'drops', 'freezes', 'negotiations', 'glare', 'score_histogram'];
  assert.deepEqual(Object.keys(figures).filter((name) => !known.includes(name) && !['at', 'provider'].includes(name)), [], 'a figure that nothing checks');
}

/** The four targets of the service, from the rows of this period and of the one before. */
function sameTargets(targets, now, before) {
  const wanted = [['score', 'score', 75, true], ['poor_or_failed', 'poor_or_failed', 10, false], ['latency', 'latency', 200, false], ['drops', 'drops_share', 5, false]];
  assert.deepEqual(targets.map(({ figure, target }) => [figure, target]), wanted.map(([figure, , target]) => [figure, target]));
  for (const [i, [figure, name, target, higher]] of wanted.entries()) {
    near(targets[i].value, now[name], `target ${figure}`);
    near(targets[i].before, before[name], `target ${figure} before`);
    assert.equal(targets[i].met, now[name] === null ? null : higher ? now[name] > target : now[name] < target, `target ${figure}`);
  }
}

/** Janus less p2p, and whether chance alone would do as much. */
function sameComparison(comparison, [janus, p2p]) {
  const names = { score: 'score', latency: 'latency', jitter: 'jitter', loss_in: 'loss_in', loss_out: 'loss_out', poor_or_failed: 'poor_or_failed', drops: 'drops_share' };
  assert.deepEqual(comparison.map(({ figure }) => figure), Object.keys(names));
  for (const { figure, difference, margin, within_noise } of comparison) {
    const [a, b] = [janus[names[figure]], p2p[names[figure]]];
    const margins = [janus[`${figure}_margin`], p2p[`${figure}_margin`]];
    const expected = a === null || b === null ? null : a - b;
    const wide = margins.includes(null) ? null : Math.hypot(...margins);
    near(difference, expected, `difference of ${figure}`);
    near(margin, wide, `margin of ${figure}`, 1e-6);
    assert.equal(within_noise, expected === null || wide === null ? null : Math.abs(expected) <= wide, `noise of ${figure}`);
  }
}

const day = (days, ms = 0) => new Date(Date.now() - days * 86_400_000 - ms).toISOString();
const kScopes = [
  [{ range: '24h' }, 'true'],
  [{ range: '7d' }, 'true'],
  [{ range: '30d' }, 'true'],
  [{ from: day(11, 1234567), to: day(3, 7654321) }, 'true'], // edges between all buckets
  [{ from: day(2, 100), to: day(1.999, 50) }, 'true'], // less than five minutes
  [{ range: '30d', provider: 'p2p' }, "provider = 'p2p'"],
  [{ range: '30d', node: 'node-2' }, "node = 'node-2'"],
  [{ range: '30d', rating: ['poor', 'failed'] }, "overall_quality IN ('poor', 'failed')"],
  [{ range: '30d', room: 'room-3' }, "room = 'room-3'"],
  [{ range: '7d', user_id: 'user-5', provider: 'janus' }, "user_id = 'user-5' AND provider = 'janus'"],
];

for (const [scope, where] of kScopes) {
  test(`figures of ${JSON.stringify(scope).slice(0, 90)}`, async () => {
    const summary = await driver.admin('summary', scope);
    const [now] = await fromRows(`${inRange(summary)} AND ${where}`);
    const length = new Date(summary.to) - new Date(summary.from);
    const inBefore = inRange({ from: new Date(new Date(summary.from) - length).toISOString(), to: summary.from });
    const [before] = await fromRows(`${inBefore} AND ${where}`);
    same(summary.current, now, 'summary');
    same(summary.before, before, 'before');
    sameTargets(summary.targets, now, before);

    const providers = await driver.admin('providers', scope);
    const byProvider = await fromRows(`${inRange(providers)} AND ${where}`, 'provider');
    assert.deepEqual(providers.providers.map((one) => one.provider), byProvider.map((one) => one.key));
    for (const [i, one] of providers.providers.entries()) same(one, byProvider[i], one.provider);
    if (byProvider.length === 2) sameComparison(providers.comparison, byProvider);
    else assert.deepEqual(providers.comparison, []);

    const series = await driver.admin('series', scope);
    const width = { '5m': "date_bin('5 minutes', created_at, '2000-01-01Z')", '3h': "date_bin('3 hours', created_at, '2000-01-01Z')", hour: "date_trunc('hour', created_at, 'UTC')", day: "date_trunc('day', created_at, 'UTC')" }[series.bucket];
    const byBucket = new Map((await fromRows(`${inRange(series)} AND ${where}`, width)).map((one) => [Date.parse(one.key), one]));
    let found = 0;
    for (const point of series.points) {
      const rows = byBucket.get(Date.parse(point.at));
      if (rows) samePoint(point, rows, point.at);
      else assert.equal(point.sessions, 0);
      found += rows ? 1 : 0;
    }
    assert.equal(found, byBucket.size);

    const issues = await driver.admin('issues', scope);
    const hitsOf = async (period) =>
      await cluster.sql(`SELECT i.code, i.severity, count(*) FROM session_quality_logs, jsonb_to_recordset(issues) i (code text, severity text) WHERE ${period} AND ${where} GROUP BY 1, 2`);
    const key = (code, severity, n) => `${code} ${severity} ${n}`;
    const hits = await hitsOf(inRange(issues));
    const hitsBefore = new Map((await hitsOf(inBefore)).map(([code, severity, n]) => [`${code} ${severity}`, Number(n)]));
    assert.deepEqual([issues.sessions, issues.sessions_before], [now.sessions, before.sessions]);
    assert.deepEqual(issues.issues.map((one) => key(one.code, one.severity, one.sessions)).sort(), hits.map((one) => key(...one)).sort());
    assert.deepEqual(issues.issues.map((one) => one.sessions), issues.issues.map((one) => one.sessions).sort((a, b) => b - a), 'the most frequent first');
    for (const one of issues.issues) {
      const earlier = hitsBefore.get(`${one.code} ${one.severity}`) ?? 0;
      const shareBefore = before.sessions > 0 ? (100 * earlier) / before.sessions : null;
      near(one.share_pct, (100 * one.sessions) / now.sessions, `share of ${one.code}`);
      near(one.before.sessions, earlier, `${one.code} before`);
      near(one.before.share_pct, shareBefore, `share of ${one.code} before`);
      near(one.change_pct, shareBefore > 0 ? (100 * (one.share_pct - shareBefore)) / shareBefore : null, `change of ${one.code}`);
    }
    for (const { code, severity, examples } of issues.issues) {
      const right = await cluster.value(`SELECT count(*) FROM session_quality_logs WHERE session_id IN ('${examples.join("','")}') AND ${inRange(issues)} AND ${where} AND issues @> '[{"code":"${code}","severity":"${severity}"}]'`);
      assert.ok(examples.length > 0 && Number(right) === examples.length, `examples of ${code}`);
    }
  });
}

test('rollups and keys follow an update, a delete and a truncate of the rows', async () => {
  const sums = async (table, columns) => cluster.value(`SELECT concat_ws(' ', ${columns}) FROM ${table}`);
  const raw = "count(*), sum((latency_avg_ms * 100)::bigint), sum((quality_score * 100)::bigint), count(*) FILTER (WHERE issues @> '[{\"code\":\"high_loss\",\"severity\":\"warning\"}]')";
  const rolled = 'sum(sessions), sum(latency_sum), sum(score_sum), sum(high_loss_warning)';
  const all = async () => Promise.all([sums('session_quality_logs', raw), ...['5min', 'hour', 'day'].map((level) => sums(`session_quality_${level}`, rolled))]);
  // Keys that a session has and the table lacks, or the other way round.
  const has = "SELECT code, severity, created_at, session_id, worst_rank, overall_quality, provider, node FROM session_quality_logs, jsonb_to_recordset(issues) AS issue (code text, severity text)";
  const is = 'SELECT code, severity, created_at, session_id, worst_rank, rating, provider, node FROM session_quality_issues';
  const strayKeys = async () => cluster.value(`SELECT count(*) FROM ((${has} EXCEPT ALL ${is}) UNION ALL (${is} EXCEPT ALL ${has})) stray`);
  const stray = [await strayKeys()];
  await cluster.sql("CREATE TABLE kept AS SELECT * FROM session_quality_logs; ALTER TABLE kept DROP COLUMN worst_rank");
  const before = await all();
  await cluster.sql("UPDATE session_quality_logs SET latency_avg_ms = 77.5, node = 'moved', created_at = created_at - interval '3 hours' WHERE room = 'room-3'");
  const updated = await all();
  stray.push(await strayKeys());
  await cluster.sql("DELETE FROM session_quality_logs WHERE user_id < 'user-3'");
  const deleted = await all();
  stray.push(await strayKeys());
  await cluster.sql('TRUNCATE session_quality_logs');
  const empty = await cluster.value('SELECT (SELECT count(*) FROM session_quality_5min) + (SELECT count(*) FROM session_quality_issues)');
  const columns = (await cluster.value("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'kept'::regclass AND attnum > 0 AND NOT attisdropped"));
  await cluster.sql(`INSERT INTO session_quality_logs (${columns}) SELECT ${columns} FROM kept; DROP TABLE kept`);
  const restored = await all();
  stray.push(await strayKeys());
  for (const state of [before, updated, deleted, restored]) assert.deepEqual(new Set(state).size, 1, state.join(' | '));
  assert.equal(empty, '0');
  assert.deepEqual(stray, ['0', '0', '0', '0']);
  assert.deepEqual(restored, before);
  assert.notEqual(updated[0], before[0]);
});

async function pages(request, fields) {
  const found = [];
  let cursor;
  do {
    const answer = await driver.admin(request, { ...fields, ...(cursor ? { cursor } : {}) });
    assert.equal(answer.callroom, request, answer.error);
    found.push(answer);
    cursor = answer.next;
  } while (cursor);
  return found;
}

const kOrders = { newest: 'created_at DESC, session_id DESC', worst: 'worst_rank, created_at DESC, session_id DESC' };
const hasIssue = (code) => `issues @> '[{"code":"${code}"}]'`;
for (const [what, fields, where] of [
  ['all', {}, 'true'],
  ['one rating', { rating: 'poor' }, "overall_quality = 'poor'"],
  ['two ratings, one of them named twice', { rating: ['unrated', 'failed', 'unrated'] }, "overall_quality IN ('failed', 'unrated')"],
  ['a provider', { provider: 'p2p' }, "provider = 'p2p'"],
  ['a node, of a rating', { node: 'node-2', rating: 'fair' }, "node = 'node-2' AND overall_quality = 'fair'"],
  ['a user', { user_id: 'user-1' }, "user_id = 'user-1'"],
  ['a room, of a provider', { room: 'room-1', provider: 'janus' }, "room = 'room-1' AND provider = 'janus'"],
  ['one issue', { issue: 'high_latency' }, hasIssue('high_latency')],
  ['one issue, of two ratings', { issue: 'high_loss', rating: ['fair', 'poor'] }, `${hasIssue('high_loss')} AND overall_quality IN ('fair', 'poor')`],
  ['one issue, of a node and a provider', { issue: 'high_loss', node: 'node-1', provider: 'janus' }, `${hasIssue('high_loss')} AND node = 'node-1' AND provider = 'janus'`],
  ['one issue, of a user', { issue: 'high_loss', user_id: 'user-1' }, `${hasIssue('high_loss')} AND user_id = 'user-1'`],
]) {
  test(`pages of ${what}: every row once, in both orders`, async () => {
    for (const [order, sql] of Object.entries(kOrders)) {
      const found = await pages('sessions', { range: '30d', order, ...fields, limit: 17 });
      const ids = found.flatMap((page) => page.sessions.map((row) => row.session_id));
      const expected = (await cluster.sql(`SELECT session_id FROM session_quality_logs WHERE ${inRange(found[0])} AND ${where} ORDER BY ${sql}`)).flat();
      assert.ok(expected.length > (what === 'one issue, of a user' ? 0 : 17), `${expected.length} rows`);
      assert.deepEqual(ids, expected);
    }
  });
}

test('pages of a few minutes: every row once, in both orders', async () => {
  // The quarter of an hour with the most sessions.
  const [from, to] = (await cluster.sql("SELECT start, start + interval '15 minutes' FROM (SELECT date_bin('15 minutes', created_at, '2020-01-01') start, count(*) FROM session_quality_logs WHERE created_at > now() - interval '29 days' GROUP BY 1 ORDER BY 2 DESC LIMIT 1) most"))[0].map((time) => new Date(time).toISOString());
  let several = 0;
  for (const [fields, where] of [
    [{}, 'true'], [{ rating: 'excellent' }, "overall_quality = 'excellent'"], [{ rating: ['good', 'poor'] }, "overall_quality IN ('good', 'poor')"],
    [{ provider: 'janus' }, "provider = 'janus'"], [{ issue: 'high_loss' }, hasIssue('high_loss')], [{ issue: 'high_loss', provider: 'janus' }, `${hasIssue('high_loss')} AND provider = 'janus'`],
  ]) {
    for (const [order, sql] of Object.entries(kOrders)) {
      const found = await pages('sessions', { from, to, order, ...fields, limit: 3 });
      const expected = (await cluster.sql(`SELECT session_id FROM session_quality_logs WHERE ${inRange({ from, to })} AND ${where} ORDER BY ${sql}`)).flat();
      assert.deepEqual(found.flatMap((page) => page.sessions.map((row) => row.session_id)), expected);
      several += found.length > 2 ? 1 : 0;
    }
  }
  assert.ok(several >= 4, `several pages of ${several} kinds`);
});

test('export: the pages make one valid file, and no cell is a formula', async () => {
  const json = (await pages('export', { range: '30d', format: 'json', limit: 900 })).map((page) => page.data).join('');
  const csv = (await pages('export', { range: '30d', format: 'csv', limit: 900 })).map((page) => page.data).join('');
  const rows = JSON.parse(json);
  const [{ from, to }] = await pages('export', { range: '30d', format: 'json', limit: 2000 });
  const count = Number(await cluster.value(`SELECT count(*) FROM session_quality_logs WHERE ${inRange({ from, to })}`));
  const lines = parseCsv(csv);
  const display = lines[0].indexOf('display');
  const formulas = lines.slice(1).flat().filter((cell) => /^[=+@\t\r]/.test(cell) || /^-(?!\d)/.test(cell));
  assert.equal(rows.length, count);
  assert.equal(lines.length, count + 1);
  assert.ok(lines.every((line) => line.length === lines[0].length));
  assert.deepEqual(formulas, []);
  assert.ok(lines.some((line) => line[display].startsWith("'=cmd|")));
  assert.ok(rows.some((row) => row.display.startsWith('=cmd|')));
  assert.equal(JSON.parse((await pages('export', { range: '30d', format: 'json', room: 'none' }))[0].data).length, 0);
});

/** RFC 4180. */
function parseCsv(text) {
  const lines = [];
  let line = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    line.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    lines.push(line);
    line = [];
  }
  return lines;
}

test('one session, whole, with the others of its call', async () => {
  const [{ session_id, room }] = (await driver.admin('sessions', { range: '30d', limit: 1, order: 'worst' })).sessions;
  const answer = await driver.admin('session', { session_id });
  const none = await driver.admin('session', { session_id: '11111111-1111-4111-8111-111111111111' });
  const wrong = await driver.admin('session', { session_id: "' OR true --" });
  assert.equal(answer.session.session_id, session_id);
  assert.ok(answer.participants.every((row) => row.room === room && row.session_id !== session_id));
  assert.equal(none.error_code, 431);
  assert.equal(wrong.error_code, 403);
});

test('the figures of whole hours read rollups and no rows', async () => {
  // Without the right to read the rows the answers must still come.
  await cluster.sql('REVOKE SELECT ON session_quality_logs, session_quality_measures FROM callroom_reader');
  const answers = [];
  for (const request of ['summary', 'series', 'providers']) answers.push(await driver.admin(request, { range: '30d' }));
  const rows = await driver.admin('sessions', {});
  await cluster.sql('GRANT SELECT ON session_quality_logs, session_quality_measures TO callroom_reader');
  assert.deepEqual(answers.map((answer) => answer.callroom), ['summary', 'series', 'providers']);
  assert.equal(rows.error_code, 430);
});

test('without a database the requests say so, at once', async () => {
  const lonely = await Driver.open(join(folder, 'lonely'), { reader: `host=${folder} user=callroom_reader dbname=nowhere` });
  const none = await Driver.open(join(folder, 'none'), {});
  const before = Date.now();
  const answers = [await lonely.admin('summary'), await none.admin('summary')];
  const took = Date.now() - before;
  await lonely.stop();
  await none.stop();
  assert.deepEqual(answers.map((answer) => answer.error_code), [430, 430]);
  assert.ok(took < 5000, `${took} ms`);
});
