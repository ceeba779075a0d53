// What tests of faults have in common: a Postgres of the file's own, a database and a data_dir for each fault, and the look
// whether every row is there afterwards, once. The counts are printed as a table at the end.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, temporaryFolder, until } from './cluster.mjs';
import { Driver, killDrivers } from './driver.mjs';

export const kPlain = 2000; // rows of a fault

export const cluster = new Cluster({ max_connections: 12, superuser_reserved_connections: 3 });
export const folder = temporaryFolder();
let number = 0;
let current; // fault
const outcomes = new Map(); // by fault: rows expected, and what was found

before(async () => {
  await (await cluster.create()).start();
});

after(async () => {
  console.log('# expected     rows  twice  in rollups  fault');
  for (const [name, { expected, rows: found, different: once, day }] of outcomes) {
    console.log(`# ${[expected, found, found - once, day].map((count, at) => String(count).padStart([8, 8, 6, 11][at])).join(' ')}  ${name}`);
  }
  await killDrivers();
  await cluster.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** An empty database, which is the cluster's own from now on; resolves with its number. */
export async function freshDatabase() {
  number += 1;
  await cluster.newDatabase(`faults_${number}`);
  return number;
}

/** A database and a data_dir of the test's own, and a driver on them. */
export async function fresh(options = {}) {
  const dataDir = join(folder, `data_${await freshDatabase()}`);
  const settings = { writer: cluster.conninfo('callroom_writer', cluster.database), ...options };
  return { dataDir, settings, driver: await Driver.open(dataDir, settings) };
}

export const rows = async (where = 'true', on = cluster) => Number(await on.poll(`SELECT count(*) FROM session_quality_logs WHERE ${where}`));
const different = async (on) => Number(await on.poll('SELECT count(DISTINCT session_id) FROM session_quality_logs'));
const rolledUp = async (level, on) => Number(await on.poll(`SELECT coalesce(sum(sessions), 0) FROM session_quality_${level}`));

/** The rows that are expected are there, once each, in the table and in every rollup. */
export async function present(expected, on = cluster) {
  await until(`${expected} rows`, async () => (await rows('true', on)) >= expected, 60);
  const counts = { rows: await rows('true', on), different: await different(on) };
  for (const level of ['5min', 'hour', 'day']) counts[level] = await rolledUp(level, on);
  outcomes.set(current, { expected, ...counts });
  assert.deepEqual(counts, { rows: expected, different: expected, '5min': expected, hour: expected, day: expected });
}

/** A test whose counts are a line of the table that is printed at the end. */
export function fault(name, ...rest) {
  const body = rest.pop();
  test(name, ...rest, async () => {
    current = name;
    await body();
  });
}

export async function drained(driver) {
  await until('an empty outbox', async () => (await driver.health()).outbox.rows === 0, 60);
}
