#!/usr/bin/env node
// How fast the store writes and the Admin API answers, as ratios within one run.
//
//   node tests/bench/storage_speed.mjs <socket folder> <database> [rows to write=200000] [rounds=100]
//
// The database holds what tests/bench/generate_sessions put there, on a cluster where callroom_owner (or $OWNER) may log in
// on the socket; what this writes is removed again. Prints a line a figure, with "MISSED" where it misses its target, and
// then ends with status 1. Run it on a machine that does nothing else, with $STORAGE_DRIVER the optimised program
// (cmake --build --preset release --target storage_driver).
import '../support/own_node.mjs';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../integration/storage/support/cluster.mjs';
import { Driver } from '../integration/storage/support/driver.mjs';

const [host, database, count = '200000', rounds = '100'] = process.argv.slice(2);
const owner = process.env.OWNER ?? 'callroom_owner';
const conninfo = (role) => `host=${host} user=${role} dbname=${database}`;
const run = promisify(execFile);
const sql = async (text, role = owner) =>
  (await run('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', conninfo(role), '-c', text], { maxBuffer: 1 << 28 })).stdout.trim();

/** What the reader's connections have used of processors and waited for one, in ms: what is left of a figure on a busy machine. */
function serverTime(pids) {
  const [used, waited] = pids.map((pid) => readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')).reduce((sum, each) => sum.map((ns, i) => ns + Number(each[i])), [0, 0]);
  return { used: used / 1e6, waited: waited / 1e6 };
}

let missed = 0;
/** Prints a figure beside what it must keep; `most` or `least`, whichever there is. */
function figure(text, value, { most = Infinity, least = -Infinity } = {}) {
  const holds = value <= most && value >= least;
  if (!holds) missed += 1;
  const target = most < Infinity ? `   (at most ${most})` : least > -Infinity ? `   (at least ${least})` : '';
  console.log(`${text}${target}${holds ? '' : '   MISSED'}`);
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
/**
 * Asks each of `kinds`, [what, work, most], in turn, `rounds` times: what befalls the machine for a moment is then a little of each kind
 * and not all of one. `most` bounds the 95th percentile, in ms.
 */
async function times(kinds) {
  for (let i = 0; i < 2; i += 1) for (const [, work] of kinds) await work(0); // connections, plans (of a next page too) and caches as they are in service
  const pids = (await sql("SELECT pid FROM pg_stat_activity WHERE usename = 'callroom_reader'")).split('\n').filter(Boolean);
  const taken = kinds.map(() => ({ all: [], used: 0, waited: 0 }));
  for (let i = 1; i <= Number(rounds); i += 1) {
    for (const [at, [, work]] of kinds.entries()) {
      const [from, before] = [serverTime(pids), performance.now()];
      await work(i);
      taken[at].all.push(performance.now() - before);
      const to = serverTime(pids);
      for (const part of ['used', 'waited']) taken[at][part] += (to[part] - from[part]) / Number(rounds);
    }
  }
  for (const [at, [what, , most]] of kinds.entries()) {
    const { all, used, waited } = taken[at];
    all.sort((a, b) => a - b);
    const ms = (name, value) => `   ${name} ${value.toFixed(1).padStart(6)} ms`;
    figure(what.padEnd(66) + ms('p50', quantile(all, 0.5)) + ms('p95', quantile(all, 0.95)) + ms("server's processor", used) + ms('waited for one', waited), quantile(all, 0.95), { most });
  }
}

const folder = mkdtempSync(join(tmpdir(), 'callroom-speed-'));
const driver = await Driver.open(join(folder, 'data'), {
  writer: conninfo('callroom_writer'), reader: conninfo('callroom_reader'), admin_user: 'admin', node: 'speed', maintenance_ms: 3_600_000,
});
try {
  const held = await sql('SELECT sum(sessions) FROM session_quality_day');
  console.log(`${held} sessions; load average of the last minute ${loadavg()[0].toFixed(1)}`);
  const ask = async (request, fields) => {
    const answer = await driver.admin(request, fields);
    if (answer.callroom === 'error') throw new Error(`${request}: ${answer.error}`);
    return answer;
  };
  const before = performance.now();
  await sql("SET jit = off; SELECT count(*), avg(quality_score), avg(latency_avg_ms), percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY latency_avg_ms), avg(packet_loss_in_pct), count(*) FILTER (WHERE overall_quality IN ('poor', 'failed')), count(*) FILTER (WHERE connection_drops > 0) FROM session_quality_logs WHERE created_at >= now() - interval '30 days'");
  console.log(`summary 30d by plain SQL, once: ${(performance.now() - before).toFixed(0)} ms`);
  const offset = (hours, seconds) => new Date(Date.now() - hours * 3_600_000 - seconds * 1000).toISOString();
  const summaries = [];
  for (const [range, most] of [['30d', 20], ['7d', Infinity], ['24h', 10]]) {
    for (const request of ['summary', 'series', 'providers', 'issues']) summaries.push([`${request} ${range}`, () => ask(request, { range }), most]);
  }
  const one = (await ask('sessions', { limit: 1 })).sessions[0].session_id;
  await times([
    ...summaries,
    ['summary, 10 days with ragged edges', (i) => ask('summary', { from: offset(400, i * 17), to: offset(160, i * 23) })],
    ['summary 30d of one provider', () => ask('summary', { range: '30d', provider: 'p2p' })],
    ['summary 30d of one user', (i) => ask('summary', { range: '30d', user_id: `user-${1000 + i * 37}` })],
    ['one session with its timeline', () => ask('session', { session_id: one })],
  ]);
  const filters = { 'of all': {}, 'of a rating': { rating: 'poor' }, 'of the best rating': { rating: 'excellent' }, 'of two ratings': { rating: ['poor', 'failed'] },
    'of a provider': { provider: 'p2p' }, 'of a node': { node: 'node-2' }, 'of a user': { user_id: 'user-7' }, 'of a room': { room: 'room-7' },
    'with a common issue': { issue: 'high_latency' }, 'with a rare issue': { issue: 'keyframe_storm' },
    'with an issue, of a rating': { issue: 'high_loss', rating: 'poor' }, 'with an issue, of a provider': { issue: 'high_loss', provider: 'p2p' } };
  // Rows that lie on the disk alone take the disk's time, which is told; the target is for the second reading of the same pages.
  for (const [reading, most] of [['first', Infinity], ['again', 5]]) {
    const pages = [];
    for (const order of ['newest', 'worst']) {
      for (const [name, fields] of Object.entries(filters)) {
        let cursor;
        const next = async () => {
          cursor = (await ask('sessions', { range: '30d', order, ...fields, ...(cursor ? { cursor } : {}) })).next;
        };
        pages.push([`page of 50, ${order} ${name}, ${reading}`, next, most]);
      }
    }
    await times(pages);
  }
  const single = 3000;
  const values = Array.from({ length: single }, (_, i) =>
    `INSERT INTO session_quality_logs (session_id, created_at, started_at, ended_at, duration_s, node, room, user_id, provider, media_path, measured_by, overall_quality, end_reason, score_version, samples, latency_avg_ms, packet_loss_in_pct, issues, timeline) VALUES ('${randomUUID()}', now(), now(), now(), 300, 'speed', 'room-${i}', 'user-${i}', 'janus', 'relay', 'server', 'unrated', 'left', 1, 100, 45.5, 0.5, '[]', '\\x${'ab'.repeat(200)}') ON CONFLICT DO NOTHING;`);
  const script = join(folder, 'single.sql');
  writeFileSync(script, values.join('\n'));
  const begun = performance.now();
  await run('psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-d', conninfo('callroom_writer'), '-f', script]);
  const singleRate = single / ((performance.now() - begun) / 1000);
  console.log(`single-row inserts: ${singleRate.toFixed(0)} rows a second`);

  const chunk = 5000;
  const ends = [];
  const start = performance.now();
  for (let done = 0; done < Number(count); done += chunk) ends.push(await driver.finish(chunk, done + 1));
  console.log(`${count} sessions were on disk after ${(performance.now() - start).toFixed(0)} ms`);
  await until('all to be committed', async () => (await driver.health()).rows.written >= Number(count), 600);
  const rate = Number(count) / ((performance.now() - start) / 1000);
  figure(`outbox to commit: ${rate.toFixed(0)} rows a second, ${(rate / singleRate).toFixed(1)} times the single rows`, rate, { least: 20_000 });
  const of = (name) => ends.map((end) => end[name]);
  const sum = (name) => of(name).reduce((total, one) => total + one, 0);
  figure(`a session's end costs its caller (99 of 100)    ${Math.max(...of('caller_us_p99'))} us`, Math.max(...of('caller_us_p99')), { most: 100 });
  const other = sum('over_100_us') - sum('waited') - sum('faulted') - sum('preempted');
  console.log(`at most ${Math.max(...of('caller_us_max'))} us; ${sum('over_100_us')} of ${count} took over 100 us: ${sum('waited')} waited for a lock, ${sum('faulted')} for memory, ${sum('preempted')} lost the processor to another thread, ${other} none of these`);
  console.log(`a thread that does nothing loses its processor for over 100 us ${await driver.spin(1000)} times a second`);
  const size = await sql("SELECT round(avg(pg_column_size(s.*))) FROM (SELECT * FROM session_quality_logs WHERE timeline IS NOT NULL AND node <> 'speed' ORDER BY created_at DESC LIMIT 10000) s");
  figure(`a row with its timeline: ${size} bytes on average`, Number(size), { most: 1024 });
} finally {
  await driver.stop();
  await sql("DELETE FROM session_quality_logs WHERE node = 'speed' AND created_at > now() - interval '1 hour'");
  // Or the next run's newest pages would step over what was deleted; Postgres puts off the indexes of so little.
  await sql('VACUUM (INDEX_CLEANUP ON) session_quality_logs');
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = missed > 0 ? 1 : 0;
