// What may break between a session's end and its row. After each: rows expected = rows present, none twice.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, temporaryFolder, until } from './support/cluster.mjs';
import { Driver, killDrivers } from './support/driver.mjs';

const kKills = 50;
const kPlain = 2000;
const kMany = 12_000; // more than a batch

let cluster;
let folder;
let number = 0;
let current; // fault
const outcomes = new Map(); // by fault: rows expected, and what was found

before(async () => {
  cluster = await (await new Cluster({ max_connections: 12, superuser_reserved_connections: 3 }).create()).start();
  folder = temporaryFolder();
});

after(async () => {
  console.log('# expected     rows  twice  in rollups  fault');
  for (const [name, { expected, rows: found, different: once, day }] of outcomes) {
    console.log(`# ${[expected, found, found - once, day].map((count, at) => String(count).padStart([8, 8, 6, 11][at])).join(' ')}  ${name}`);
  }
  await killDrivers();
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** A database and a data_dir of the test's own, and a driver on them. */
async function fresh(options = {}) {
  number += 1;
  await cluster.newDatabase(`faults_${number}`);
  const dataDir = join(folder, `data_${number}`);
  const settings = { writer: cluster.conninfo('callroom_writer', cluster.database), ...options };
  return { dataDir, settings, driver: await Driver.open(dataDir, settings) };
}

const rows = async (where = 'true', on = cluster) => Number(await on.poll(`SELECT count(*) FROM session_quality_logs WHERE ${where}`));
const different = async (on) => Number(await on.poll('SELECT count(DISTINCT session_id) FROM session_quality_logs'));
const rolledUp = async (level, on) => Number(await on.poll(`SELECT coalesce(sum(sessions), 0) FROM session_quality_${level}`));

/** The rows that are expected are there, once each, in the table and in every rollup. */
async function present(expected, on = cluster) {
  await until(`${expected} rows`, async () => (await rows('true', on)) >= expected, 60);
  const counts = { rows: await rows('true', on), different: await different(on) };
  for (const level of ['5min', 'hour', 'day']) counts[level] = await rolledUp(level, on);
  outcomes.set(current, { expected, ...counts });
  assert.deepEqual(counts, { rows: expected, different: expected, '5min': expected, hour: expected, day: expected });
}

/** A test whose counts are a line of the table that is printed at the end. */
function fault(name, ...rest) {
  const body = rest.pop();
  test(name, ...rest, async () => {
    current = name;
    await body();
  });
}

async function drained(driver) {
  await until('an empty outbox', async () => (await driver.health()).outbox.rows === 0, 60);
}

fault('Postgres is away when sessions end, and comes back', async () => {
  const { driver } = await fresh();
  await driver.finish(100, 1);
  await drained(driver);
  await cluster.stop();
  const kept = await driver.finish(kPlain, 101);
  const away = await until('health to say it', async () => {
    const health = await driver.health();
    return health.database.state === 'connecting' && health;
  });
  await cluster.start();
  await present(100 + kPlain);
  await driver.stop();
  assert.equal(kept.disk, kPlain);
  assert.equal(away.status, 'degraded');
  assert.equal(away.outbox.rows, kPlain);
  assert.ok(away.outbox.age_s >= 0);
});

for (const [how, signal] of [['restarted', 'SIGINT'], ['killed as in a crash', 'SIGQUIT'], ['killed with -9', 'SIGKILL']]) {
  fault(`Postgres is ${how} while rows are being written`, async () => {
    const { driver } = await fresh();
    const finished = driver.finish(kMany, 1);
    await until('the first rows', async () => (await rows()) > 0);
    await cluster.stop(signal);
    await finished;
    const { outbox } = await driver.health();
    await cluster.start();
    await present(kMany);
    await driver.stop();
    assert.ok(outbox.rows > 0, 'all was written before');
  });
}

fault('Postgres is slow: a lock holds the writer beyond its statement timeout', async () => {
  const { driver } = await fresh({ statement_timeout_ms: 300 });
  await driver.finish(10, 1);
  await drained(driver);
  const release = await cluster.holding('LOCK TABLE session_quality_logs IN ACCESS EXCLUSIVE MODE');
  await driver.finish(kPlain, 11);
  const slow = await until('health to say it', async () => {
    const { database } = await driver.health();
    return /timeout/.test(database.error ?? '') && database;
  });
  await release();
  await present(kPlain + 10);
  await driver.stop();
  assert.equal(slow.state, 'connecting');
});

/** Takes every connection there is, until what this returns is called. */
async function withoutConnections() {
  const hogs = new Set();
  const sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%'";
  const release = async () => {
    await cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'callroom_reader'", { database: 'postgres' });
    for (const hog of hogs) hog.kill();
  };
  const refused = () => cluster.sql('SELECT 1', { role: 'callroom_reader' }).then(() => false, ({ stderr }) => /slots|clients/.test(stderr));
  try {
    // Who asks takes one for a moment, so that a hog may find none: until nobody is let in, and no hog is on its way.
    await until('no connection to be free', async () => {
      if ((await refused()) && (await cluster.poll(sleeping)) === String(hogs.size)) return true;
      if (await refused()) return false;
      const hog = spawn('psql', ['-XqAt', '-d', cluster.conninfo('callroom_reader', cluster.database), '-c', 'SELECT pg_sleep(600)'], { stdio: 'ignore' });
      hogs.add(hog);
      hog.once('exit', () => hogs.delete(hog));
      return false;
    });
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

fault('Postgres is out of connections', async () => {
  const { driver, dataDir, settings } = await fresh();
  await driver.stop();
  const release = await withoutConnections();
  try {
    const again = await Driver.open(dataDir, settings);
    await again.finish(kPlain, 1);
    const full = await until('health to say it', async () => {
      const { database } = await again.health();
      return /slots|clients/.test(database.error ?? '') && database;
    });
    const before = await rows();
    await release();
    await present(kPlain);
    await again.stop();
    assert.equal(full.state, 'connecting');
    assert.equal(before, 0);
  } finally {
    await release();
  }
});

fault('the primary dies and its standby is promoted: the connection string names both', async () => {
  const primary = await (await new Cluster({ wal_level: 'replica', max_wal_senders: 4, synchronous_standby_names: '' }).create()).start();
  const standby = new Cluster({ hot_standby: 'on' });
  try {
    await primary.newDatabase('failover');
    await standby.copyOf(primary);
    await standby.start();
    const writer = `host=${primary.folder},${standby.folder} user=callroom_writer dbname=failover`;
    const driver = await Driver.open(join(folder, 'failover'), { writer });
    await driver.finish(kPlain, 1);
    await drained(driver);
    const position = await primary.value('SELECT pg_current_wal_lsn()');
    await until('the standby to have it all', async () => (await standby.value(`SELECT pg_last_wal_replay_lsn() >= '${position}'`, { database: 'failover' })) === 't');
    await primary.stop('SIGKILL');
    await driver.finish(kPlain, kPlain + 1);
    const waiting = await until('health to say it', async () => {
      const health = await driver.health();
      return health.database.state === 'connecting' && health;
    });
    await standby.promote();
    standby.database = 'failover';
    await present(2 * kPlain, standby);
    await driver.stop();
    assert.ok(waiting.outbox.rows >= kPlain);
  } finally {
    await standby.destroy();
    await primary.destroy();
  }
});

fault(`killed with -9 at random moments, ${kKills} times`, async () => {
  const { driver, dataDir, settings } = await fresh();
  await driver.stop();
  const begun = new Set();
  const ended = new Set();
  for (let seed = 1; seed <= kKills; seed += 1) {
    const churn = await Driver.open(dataDir, settings);
    churn.say(`churn ${seed}`);
    await sleep(20 + ((seed * 7919) % 230));
    await churn.kill();
    for (const line of churn.lines) {
      if (line.startsWith('B ')) begun.add(line.slice(2));
      if (line.startsWith('E ')) ended.add(line.slice(2));
    }
  }
  const last = await Driver.open(dataDir, settings);
  await drained(last);
  await last.stop();
  const found = new Map(await cluster.sql('SELECT session_id, end_reason FROM session_quality_logs'));
  // A session may have been opened or ended in the instant before the kill, before the line that says so was out.
  const missing = [...begun].filter((id) => !found.has(id));
  const unannounced = [...found.keys()].filter((id) => !begun.has(id));
  const wrongEnd = [...ended].filter((id) => found.get(id) !== 'left');
  const crashed = [...found.values()].filter((reason) => reason === 'crashed').length;
  await present(found.size);
  console.error(`# ${kKills} kills: ${begun.size} sessions begun, ${found.size} rows, ${ended.size} ends acknowledged, ${crashed} crashed`);
  assert.deepEqual({ missing, wrongEnd }, { missing: [], wrongEnd: [] });
  assert.ok(unannounced.length <= kKills, `${unannounced.length} rows of sessions that were never begun`);
  assert.ok(crashed > 0 && ended.size > kKills);
});

fault('what was acknowledged survives a kill right after it, and the journal gives the others their rows', async () => {
  const { driver, dataDir, settings } = await fresh();
  await drained(driver);
  await cluster.stop();
  await driver.ask('begin 70 1', /^begun/);
  await driver.ask('sample', /^sampled/);
  await driver.finish(500, 1000);
  await driver.kill();
  await cluster.start();
  const next = await Driver.open(dataDir, settings);
  await present(570);
  const health = await next.health();
  const samples = await cluster.value("SELECT DISTINCT samples FROM session_quality_logs WHERE end_reason = 'crashed'");
  const files = readdirSync(dataDir).filter((name) => name.startsWith('journal.'));
  await next.stop();
  assert.equal(await rows("end_reason = 'crashed'"), 70);
  assert.equal(health.rows.recovered, 70);
  assert.equal(samples, '3000'); // what the driver makes of a snapshot is its length
  assert.deepEqual(files, []);
});

fault('the disk is full: sessions go on in memory and are delivered', { skip: process.getuid() !== 0 && 'needs root' }, async () => {
  const small = join(folder, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', small]);
  try {
    number += 1;
    await cluster.newDatabase(`faults_${number}`);
    await cluster.stop();
    const driver = await Driver.open(join(small, 'data'), { writer: cluster.conninfo('callroom_writer', cluster.database) });
    await driver.ask('begin 10 900000', /^begun/);
    let onDisk = 0;
    let inMemory = 0;
    for (let batch = 0; inMemory === 0 || batch < 12; batch += 1) {
      const kept = await driver.finish(1000, batch * 1000 + 1);
      onDisk += kept.disk;
      inMemory += kept.memory;
      assert.equal(kept.refused, 0);
      assert.ok(batch < 100);
    }
    const full = await driver.health();
    await cluster.start();
    await present(onDisk + inMemory);
    await until('memory to be empty', async () => (await driver.health()).outbox.memory_rows === 0);
    const later = await driver.finish(100, 500_001);
    await present(onDisk + inMemory + 100);
    await driver.stop();
    console.error(`# tmpfs of 4 MB: ${onDisk} rows on disk, ${inMemory} in memory`);
    assert.match(full.outbox.error, /No space left/);
    assert.equal(full.rows.dropped, 0);
    assert.equal(later.disk, 100);
  } finally {
    execFileSync('umount', [small]);
  }
});

fault('the folder cannot be written: said, and delivered from memory', async () => {
  number += 1;
  await cluster.newDatabase(`faults_${number}`);
  writeFileSync(join(folder, 'a_file'), '');
  const driver = await Driver.open(join(folder, 'a_file', 'data'), { writer: cluster.conninfo('callroom_writer', cluster.database) });
  await driver.ask('begin 5 1', /^begun/);
  const kept = await driver.finish(kPlain, 1);
  await present(kPlain);
  const health = await driver.health();
  await driver.stop();
  assert.equal(kept.memory, kPlain);
  assert.match(health.outbox.error, /Not a directory/);
  assert.match(health.journal.error, /Not a directory/);
  assert.match(driver.log, /Not a directory/);
});

fault('a damaged outbox costs the damaged row and no other', async () => {
  const { driver, dataDir, settings } = await fresh();
  await drained(driver);
  await cluster.stop();
  await driver.finish(300, 1);
  await driver.kill();
  const [segment] = readdirSync(join(dataDir, 'outbox')).filter((name) => name.endsWith('.outbox'));
  const file = join(dataDir, 'outbox', segment);
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length / 2)] ^= 0xff;
  writeFileSync(file, bytes);
  await cluster.start();
  const next = await Driver.open(dataDir, settings);
  await present(299);
  await drained(next);
  const health = await next.health();
  await next.stop();
  assert.equal(health.outbox.corrupt_regions, 1);
  assert.match(next.log, /damaged/);
});

fault('a batch that is replayed counts once, in rows and rollups', async () => {
  const { driver, dataDir, settings } = await fresh();
  await drained(driver);
  await cluster.stop();
  await driver.finish(kPlain, 1);
  await driver.kill();
  const outbox = join(dataDir, 'outbox');
  const saved = readdirSync(outbox).filter((name) => name.endsWith('.outbox'));
  for (const name of saved) copyFileSync(join(outbox, name), join(dataDir, name));
  await cluster.start();
  const first = await Driver.open(dataDir, settings);
  await present(kPlain);
  await drained(first);
  await first.stop();
  for (const name of saved) copyFileSync(join(dataDir, name), join(outbox, name));
  rmSync(join(outbox, 'position'));
  const second = await Driver.open(dataDir, settings);
  const health = await until('the replay', async () => {
    const now = await second.health();
    return now.rows.written === kPlain && now.outbox.rows === 0 && now;
  });
  await present(kPlain);
  await second.stop();
  assert.equal(health.rows.inserted, 0);
});

fault('a row that Postgres refuses for itself is set aside with its reason and stops no other', async () => {
  const { driver, dataDir } = await fresh();
  await drained(driver);
  await cluster.stop();
  await driver.finish(700, 1);
  await driver.ask('spoil 701', /^spoilt/);
  await driver.finish(700, 702);
  await cluster.start();
  await present(1400);
  await drained(driver);
  const health = await driver.health();
  await driver.stop();
  const lines = readFileSync(join(dataDir, 'set_aside.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.equal(health.rows.set_aside, 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0].reason, /check constraint/);
  assert.equal(lines[0].session_id, '00000000-0000-4000-8000-0000000002bd');
});

fault('an older and a newer schema: said, rows kept, and written when it fits', async () => {
  const { driver, dataDir, settings } = await fresh();
  await driver.stop();
  const version = await cluster.value('SELECT max(number) FROM callroom_migrations');
  const states = [];
  const logs = [];
  for (const change of [`UPDATE callroom_migrations SET number = -number WHERE number = ${version}`, "ALTER FUNCTION callroom_schema_version RENAME TO hidden"]) {
    await cluster.sql(change);
    const older = await Driver.open(dataDir, settings);
    await older.finish(100, 1 + 100 * states.length);
    states.push(await until('health to say it', async () => {
      const { database } = await older.health();
      return database.state === 'schema_too_old' && database.error;
    }));
    await older.stop(0);
    logs.push(older.log);
  }
  await cluster.sql(`ALTER FUNCTION hidden RENAME TO callroom_schema_version; UPDATE callroom_migrations SET number = -number WHERE number < 0`);
  await cluster.sql("INSERT INTO callroom_migrations (number, name, sha256) VALUES (999, 'later', '')");
  const body = (n) => `CREATE OR REPLACE FUNCTION callroom_schema_version(OUT version integer, OUT writable_from integer) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS 'SELECT max(number), ${n} FROM public.callroom_migrations'`;
  await cluster.sql(body(999));
  const newer = await Driver.open(dataDir, settings);
  states.push(await until('health to say it', async () => {
    const { database } = await newer.health();
    return database.state === 'schema_too_new' && database.error;
  }));
  const before = await rows();
  await cluster.sql(body(1)); // newer, and it says that this plugin may still write
  await present(200);
  await newer.stop();
  assert.equal(before, 0);
  assert.match(states[0], /run sql\/migrate/);
  assert.match(states[1], /run sql\/migrate/);
  assert.match(states[2], /newer plugin/);
  assert.match(logs[0], /schema_too_old.*run sql\/migrate.*wait in/);
  assert.match(newer.log, /schema_too_new.*newer plugin.*wait in/);
});

fault('a second process on the same data_dir is refused, and says who has it', async () => {
  const { driver, dataDir, settings } = await fresh();
  const second = await Driver.open(dataDir, { ...settings, node: 'node-2' });
  await second.ended;
  await driver.finish(10, 1);
  await present(10);
  await driver.stop();
  assert.match(second.lines[0], new RegExp(`refused .*in use by process ${driver.process.pid} \\(node node-1\\)`));
});

fault('no database configured: rows wait in data_dir until there is one', async () => {
  const { driver, dataDir, settings } = await fresh({ writer: '' });
  await driver.finish(300, 1);
  const health = await driver.health();
  await driver.stop();
  const next = await Driver.open(dataDir, { ...settings, writer: cluster.conninfo('callroom_writer', cluster.database) });
  await present(300);
  await next.stop();
  assert.equal(health.database.state, 'not_configured');
  assert.equal(health.outbox.rows, 300);
});

fault('two nodes write at once', async () => {
  const { driver, settings } = await fresh();
  const other = await Driver.open(join(folder, 'other'), { ...settings, node: 'node-2' });
  await Promise.all([driver.finish(3 * kPlain, 1), other.finish(3 * kPlain, 500_001)]);
  await present(6 * kPlain);
  const nodes = await cluster.sql('SELECT node, sum(sessions) FROM session_quality_day GROUP BY node ORDER BY node');
  await Promise.all([driver.stop(), other.stop()]);
  assert.deepEqual(nodes, [['node-1', String(3 * kPlain)], ['node-2', String(3 * kPlain)]]);
});

fault('stopping with the database away gives up at the deadline, and the next start delivers', async () => {
  const { driver, dataDir, settings } = await fresh();
  await drained(driver);
  await cluster.stop();
  await driver.finish(50, 1);
  const before = Date.now();
  await driver.stop(700);
  const took = Date.now() - before;
  await cluster.start();
  const next = await Driver.open(dataDir, settings);
  await present(50);
  await next.stop();
  assert.ok(took < 3000, `took ${took} ms`);
  assert.ok(existsSync(join(dataDir, 'lock')));
});
