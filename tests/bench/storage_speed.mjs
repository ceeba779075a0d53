#!/usr/bin/env node
// How fast the store writes and the Admin API answers, as ratios within one run.
//
//   node tests/bench/storage_speed.mjs <socket folder> <database> [rows to write=100000] [rounds=40]
//
// The database holds what tests/bench/generate_sessions put there, on a cluster where callroom_owner or postgres may log in
// on the socket; what this writes is removed again. Prints one line a figure; run it on a machine that does nothing else.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../integration/storage/support/cluster.mjs';
import { Driver } from '../integration/storage/support/driver.mjs';

const [host, database, count = '100000', rounds = '40'] = process.argv.slice(2);
const owner = process.env.OWNER ?? 'callroom_owner';
const conninfo = (role) => `host=${host} user=${role} dbname=${database}`;
const run = promisify(execFile);
const sql = async (text, role = owner) =>
  (await run('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', conninfo(role), '-c', text], { maxBuffer: 1 << 28 })).stdout.trim();

/** Milliseconds of processor that the reader's connections have used: what is left of a figure on a busy machine. */
async function serverTime() {
  const pids = await sql("SELECT pid FROM pg_stat_activity WHERE usename = 'callroom_reader'");
  const ticks = pids.split('\n').filter(Boolean).map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '));
  return ticks.reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) * 10, 0);
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
async function times(what, work) {
  const taken = [];
  const used = await serverTime();
  for (let i = 0; i < Number(rounds); i += 1) {
    const before = performance.now();
    await work(i);
    taken.push(performance.now() - before);
  }
  const each = (await serverTime()) - used;
  taken.sort((a, b) => a - b);
  console.log(`${what.padEnd(52)} p50 ${quantile(taken, 0.5).toFixed(1).padStart(8)} ms   p95 ${quantile(taken, 0.95).toFixed(1).padStart(8)} ms   server's processor ${(each / taken.length).toFixed(1).padStart(6)} ms`);
}

const folder = mkdtempSync(join(tmpdir(), 'callroom-speed-'));
const driver = await Driver.open(join(folder, 'data'), {
  writer: conninfo('callroom_writer'), reader: conninfo('callroom_reader'), admin_user: 'admin', node: 'speed', maintenance_ms: 3_600_000,
});
try {
  const held = await sql('SELECT sum(sessions) FROM session_quality_day');
  console.log(`${held} sessions`);
  const ask = async (request, fields) => {
    const answer = await driver.admin(request, fields);
    if (answer.callroom === 'error') throw new Error(`${request}: ${answer.error}`);
    return answer;
  };
  await ask('summary', { range: '30d' });
  for (const range of ['30d', '7d', '24h']) {
    for (const request of ['summary', 'series', 'providers', 'issues']) await times(`${request} ${range}`, () => ask(request, { range }));
  }
  const offset = (hours, seconds) => new Date(Date.now() - hours * 3_600_000 - seconds * 1000).toISOString();
  await times('summary, 10 days with ragged edges', (i) => ask('summary', { from: offset(400, i * 17), to: offset(160, i * 23) }));
  await times('summary 30d of one provider', () => ask('summary', { range: '30d', provider: 'p2p' }));
  await times('summary 30d of one user', (i) => ask('summary', { range: '30d', user_id: `user-${1000 + i * 37}` }));
  for (const [name, fields] of [['newest', {}], ['worst', { order: 'worst' }], ['poor', { rating: 'poor' }], ['rare issue', { issue: 'keyframe_storm' }]]) {
    let cursor;
    await times(`page of 50, ${name}, one after another`, async () => {
      cursor = (await ask('sessions', { range: '30d', ...fields, ...(cursor ? { cursor } : {}) })).next;
    });
  }
  const one = (await ask('sessions', { limit: 1 })).sessions[0].session_id;
  await times('one session with its timeline', () => ask('session', { session_id: one }));
  console.log('-- the same from the rows');
  const before = performance.now();
  await sql("SET jit = off; SELECT count(*), avg(quality_score), avg(latency_avg_ms), percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY latency_avg_ms), avg(packet_loss_in_pct), count(*) FILTER (WHERE overall_quality IN ('poor', 'failed')), count(*) FILTER (WHERE connection_drops > 0) FROM session_quality_logs WHERE created_at >= now() - interval '30 days'");
  console.log(`summary 30d by plain SQL, once: ${(performance.now() - before).toFixed(0)} ms`);

  const single = 3000;
  const values = Array.from({ length: single }, (_, i) =>
    `INSERT INTO session_quality_logs (session_id, created_at, started_at, ended_at, duration_s, node, room, user_id, provider, media_path, measured_by, overall_quality, end_reason, score_version, samples, latency_avg_ms, packet_loss_in_pct, issues, timeline) VALUES ('${randomUUID()}', now(), now(), now(), 300, 'speed', 'room-${i}', 'user-${i}', 'janus', 'relay', 'server', 'unrated', 'left', 1, 100, 45.5, 0.5, '[]', '\\x${'ab'.repeat(200)}') ON CONFLICT DO NOTHING;`);
  const script = join(folder, 'single.sql');
  writeFileSync(script, values.join('\n'));
  const begun = performance.now();
  await run('psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-d', conninfo('callroom_writer'), '-f', script]);
  const singleRate = single / ((performance.now() - begun) / 1000);
  console.log(`single-row inserts: ${singleRate.toFixed(0)} rows a second`);

  const start = performance.now();
  const kept = driver.finish(Number(count), 1);
  await kept.then((done) => console.log(`a session's end costs its caller at most ${done.caller_us_max} us; ${count} were on disk after ${(performance.now() - start).toFixed(0)} ms`));
  await until('all to be committed', async () => (await driver.health()).rows.written >= Number(count), 600);
  const rate = Number(count) / ((performance.now() - start) / 1000);
  console.log(`outbox to commit: ${rate.toFixed(0)} rows a second, ${(rate / singleRate).toFixed(1)} times the single rows`);
} finally {
  await driver.stop();
  await sql("DELETE FROM session_quality_logs WHERE node = 'speed'");
  rmSync(folder, { recursive: true, force: true });
}
