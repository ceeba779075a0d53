// What may break between a session's end and its row: the database. After each: rows expected = rows present, none twice.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, until } from './support/cluster.mjs';
import { Driver } from './support/driver.mjs';
import { cluster, drained, fault, folder, fresh, kPlain, present, rows } from './support/faults.mjs';

const kMany = 12_000; // more than a batch

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
