// What may break between a session's end and its row: Janus's process, and the folder that it keeps rows in. After each:
// rows expected = rows present, none twice.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './support/cluster.mjs';
import { Driver } from './support/driver.mjs';
import { cluster, drained, fault, folder, fresh, freshDatabase, kPlain, present, rows } from './support/faults.mjs';

const kKills = 50;

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
    await freshDatabase();
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
  await freshDatabase();
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

fault('a second process on the same data_dir is refused, and says who has it', async () => {
  const { driver, dataDir, settings } = await fresh();
  const second = await Driver.open(dataDir, { ...settings, node: 'node-2' });
  await second.ended;
  await driver.finish(10, 1);
  await present(10);
  await driver.stop();
  assert.match(second.lines[0], new RegExp(`refused .*in use by process ${driver.process.pid} \\(node node-1\\)`));
});
