// What each role may do and, above all, what it must not; migrations, maintenance, alerts.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, temporaryFolder, until } from './support/cluster.mjs';
import { Driver, killDrivers } from './support/driver.mjs';

let cluster;
let folder;
let settings;

before(async () => {
  cluster = await (await new Cluster().create()).start();
  folder = temporaryFolder();
  await cluster.newDatabase('roles');
  settings = { writer: cluster.conninfo('callroom_writer', 'roles'), reader: cluster.conninfo('callroom_reader', 'roles') };
  const driver = await Driver.open(join(folder, 'data'), settings);
  await driver.finish(2000, 1);
  await until('the rows', async () => (await cluster.value('SELECT count(*) FROM session_quality_logs')) === '2000');
  await driver.stop();
});

after(async () => {
  await killDrivers();
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const as = (role) => (text) => cluster.sql(text, { role });
const reader = as('callroom_reader');
const writer = as('callroom_writer');

/** Every table and view there is, partitions too: one that a later migration adds is tried as well. */
const relations = async () => (await cluster.sql("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1")).flat();

async function refused(role, text) {
  await assert.rejects(as(role)(text), /permission denied|must be owner|row-level security/, `${role}: ${text}`);
}

test('the writer inserts and reads nothing', async () => {
  const all = await relations();
  for (const table of all) await refused('callroom_writer', `SELECT 1 FROM ${table} LIMIT 1`);
  await refused('callroom_writer', 'UPDATE session_quality_logs SET room = room');
  await refused('callroom_writer', 'DELETE FROM session_quality_logs');
  await refused('callroom_writer', 'TRUNCATE session_quality_logs');
  await refused('callroom_writer', 'COPY session_quality_logs TO STDOUT');
  await refused('callroom_writer', "INSERT INTO session_quality_day (bucket, node, provider, rating) VALUES (now(), 'n', 'p', 'r')");
  await refused('callroom_writer', "INSERT INTO session_quality_issues (code, severity, created_at, session_id, worst_rank) VALUES ('c', 's', now(), gen_random_uuid(), 0)");
  await refused('callroom_writer', "INSERT INTO admin_roles (user_id) VALUES ('me')");
  await refused('callroom_writer', 'INSERT INTO session_quality_logs (session_id) SELECT session_id FROM session_quality_logs');
  await refused('callroom_writer', "INSERT INTO session_quality_logs (session_id) VALUES (gen_random_uuid()) RETURNING *");
  await refused('callroom_writer', "SELECT callroom_make_partition(now())");
  await refused('callroom_writer', 'DROP TABLE session_quality_logs');
  await refused('callroom_writer', 'CREATE TABLE mine (a integer)');
  await refused('callroom_writer', "SELECT callroom_is_admin()");
});

test('the reader changes nothing', async () => {
  for (const text of [
    'DELETE FROM session_quality_logs', 'UPDATE session_quality_logs SET room = room', "INSERT INTO admin_roles (user_id) VALUES ('me')", 'SELECT * FROM admin_roles',
    'SELECT * FROM session_quality_logs_default', 'SELECT callroom_maintain(1)', 'CREATE TABLE mine (a integer)', 'TRUNCATE session_quality_day', 'SELECT * FROM callroom_retained', 'SELECT callroom_make_partition(now())',
    "SELECT callroom_raise_alert('a', 'b', 1, 1, 1, now(), now() + interval '1 hour', 'n')",
  ]) {
    await refused('callroom_reader', text);
  }
});

// The first two show a user their own sessions, the others nothing but to administrators.
const readable = ['session_quality_logs', 'session_quality_measures', 'session_quality_5min', 'session_quality_hour', 'session_quality_day', 'session_quality_issues', 'session_quality_alerts', 'turn_checks'];
const counts = `SELECT ${readable.map((table) => `(SELECT count(*) FROM ${table})`).join(', ')}`;
const none = readable.map(() => '0');
const identified = (user, text) => `BEGIN; SET LOCAL callroom."user" = '${user}'; ${text}; COMMIT`;

test('nobody sees nothing, a user their own rows, an administrator all', async () => {
  const nobody = (await reader(counts))[0];
  const empty = (await reader(identified('', counts)))[0];
  const user = (await reader(identified('user-7', counts)))[0];
  const admin = (await reader(identified('admin', counts)))[0];
  const others = (await reader(identified('user-7', "SELECT count(*) FROM session_quality_logs WHERE user_id <> 'user-7'")))[0];
  const after = (await reader([identified('admin', 'SELECT 1'), counts])).at(-1);
  const own = await cluster.value("SELECT count(*) FROM session_quality_logs WHERE user_id = 'user-7'");
  assert.deepEqual(nobody, none);
  assert.deepEqual(empty, nobody);
  assert.deepEqual(after, nobody);
  assert.deepEqual(user, [own, own, ...none.slice(2)]);
  assert.ok(Number(own) > 0);
  assert.deepEqual(others, ['0']);
  assert.equal(admin[0], '2000');
  assert.ok(admin.slice(2, 6).every((count) => Number(count) > 0));
});

test('the reader may read what is listed here, and no other table, view or partition', async () => {
  const others = (await relations()).filter((name) => !readable.includes(name));
  assert.ok(others.length > 10);
  for (const table of others) await refused('callroom_reader', `SELECT 1 FROM ${table} LIMIT 1`);
});

test('what one identity left on a connection is gone before the next one', async () => {
  // One connection, as the plugin's reader resets it between two identities.
  const left = ["SET callroom.\"user\" = 'admin'", 'CREATE TEMPORARY TABLE seen AS SELECT * FROM session_quality_logs', 'PREPARE again AS SELECT 1'];
  const before = (await reader([...left, 'SELECT count(*) FROM seen'])).at(-1)[0];
  const after = (await reader([...left, 'DISCARD ALL', counts])).at(-1);
  await assert.rejects(reader([...left, 'DISCARD ALL', 'SELECT count(*) FROM seen']), /does not exist/);
  await assert.rejects(reader([...left, 'DISCARD ALL', 'EXECUTE again']), /does not exist/);
  assert.equal(before, '2000');
  assert.deepEqual(after, none);
});

test('a function of the asker sees no hidden rows', async () => {
  const leak = "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$";
  const rows = await reader(`${leak}; ${identified('user-7', 'SELECT DISTINCT user_id FROM session_quality_logs WHERE pg_temp.leak(user_id)')}`);
  assert.deepEqual(rows, [['user-7']]);
});

test('a table of the asker makes nobody an administrator', async () => {
  const own = "CREATE TEMPORARY TABLE admin_roles (user_id text); INSERT INTO pg_temp.admin_roles VALUES ('user-7'); SET search_path = pg_temp, public";
  const rows = await reader(`${own}; ${identified('user-7', "SELECT callroom_is_admin(), count(*) FILTER (WHERE user_id <> 'user-7') FROM session_quality_logs")}`);
  assert.deepEqual(rows, [['f', '0']]);
});

test('admin requests need an administrator', async () => {
  const driver = await Driver.open(join(folder, 'stranger'), { ...settings, admin_user: 'stranger' });
  const answers = [];
  for (const request of ['summary', 'series', 'providers', 'issues', 'sessions', 'alerts']) answers.push((await driver.admin(request)).error_code);
  await driver.stop();
  assert.deepEqual(answers, [433, 433, 433, 433, 433, 433]);
});

test('migrating twice, and by three at once', async () => {
  const before = await cluster.sql('SELECT * FROM callroom_migrations ORDER BY number');
  await cluster.migrate('roles');
  const after = await cluster.sql('SELECT * FROM callroom_migrations ORDER BY number');
  await cluster.sql('CREATE DATABASE crowd', { database: 'postgres' });
  await Promise.all([cluster.migrate('crowd'), cluster.migrate('crowd'), cluster.migrate('crowd')]);
  const crowd = await cluster.sql('SELECT number, name FROM callroom_migrations ORDER BY number', { database: 'crowd' });
  assert.deepEqual(after, before);
  assert.deepEqual(crowd, before.map(([number, name]) => [number, name]));
});

test('every table, view and column has a comment', async () => {
  const bare = await cluster.sql(`SELECT c.relname, a.attname FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
      AND (obj_description(c.oid) IS NULL OR col_description(c.oid, a.attnum) IS NULL)`);
  assert.deepEqual(bare, []);
});

test('the two plain queries of the documentation work', async () => {
  const newest = await cluster.sql('SELECT * FROM session_quality_logs ORDER BY created_at DESC LIMIT 10');
  const shares = await cluster.sql('SELECT overall_quality, COUNT(*) FROM session_quality_logs GROUP BY overall_quality');
  assert.equal(newest.length, 10);
  assert.equal(shares.reduce((sum, [, count]) => sum + Number(count), 0), 2000);
});

test('maintenance: partitions ahead, strays moved, old ones dropped with their rollups, by one node at a time', async () => {
  await cluster.newDatabase('maintained');
  const driver = await Driver.open(join(folder, 'maintained'), { writer: cluster.conninfo('callroom_writer', 'maintained'), retention_days: 30, maintenance_ms: 60_000 });
  await until('the first maintenance', async () => (await driver.health()).database.last_maintenance !== null); // or it drops what comes first
  const ago = (days) => (Date.now() - days * 86_400_000) * 1000;
  await driver.finish(50, 1, ago(100));
  await driver.finish(50, 1001, ago(12));
  await driver.finish(50, 2001);
  await until('the rows', async () => (await cluster.value('SELECT count(*) FROM session_quality_logs')) === '150');
  const strays = await cluster.value('SELECT count(*) FROM session_quality_logs_default');
  const done = await Promise.all([1, 2, 3, 4].map(() => cluster.value('SELECT callroom_maintain(30)', { role: 'callroom_writer' })));
  const left = await cluster.value('SELECT count(*) FROM session_quality_logs');
  const inDefault = await cluster.value('SELECT (SELECT count(*) FROM session_quality_logs_default) + (SELECT count(*) FROM session_quality_issues_default)');
  const keys = await cluster.value('SELECT (SELECT sum(jsonb_array_length(issues)) FROM session_quality_logs) - (SELECT count(*) FROM session_quality_issues)');
  const rolled = await Promise.all(['5min', 'hour', 'day'].map((level) => cluster.value(`SELECT sum(sessions) FROM session_quality_${level}`)));
  const ahead = await cluster.value("SELECT to_regclass('session_quality_logs_' || to_char(callroom_week(now() + interval '28 days') AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NOT NULL");
  // Later a whole partition is too old.
  await cluster.sql("SELECT callroom_make_partition(callroom_week(now() - interval '200 days'))");
  await cluster.value('SELECT callroom_maintain(30)', { role: 'callroom_writer' });
  const old = await cluster.value("SELECT to_regclass('session_quality_logs_' || to_char(callroom_week(now() - interval '200 days') AT TIME ZONE 'UTC', 'YYYYMMDD'))");
  await assert.rejects(writer('SELECT callroom_maintain(0)'), /at least 1/);
  await driver.stop();
  cluster.database = 'roles';
  assert.equal(strays, '100');
  assert.ok(done.some((what) => /partitions made/.test(what)));
  assert.equal(left, '100');
  assert.equal(inDefault, '0');
  assert.equal(keys, '0');
  assert.deepEqual(rolled, ['100', '100', '100']);
  assert.equal(ahead, 't');
  assert.equal(old, '');
});

test('an alert is raised once for its rule and window, by one of two nodes', async () => {
  const rules = ['many,poor_or_failed_sessions,5,60,1', 'share,poor_or_failed_share,10,60,10', 'slow,latency,100000,60,1', 'few,drops_share,0.1,60,1000000'];
  const nodes = await Promise.all(['a', 'b'].map((node) => Driver.open(join(folder, node), { ...settings, node, alert: rules })));
  const said = () => nodes.flatMap((node) => node.lines.filter((line) => line.startsWith('alert ')));
  await nodes[0].finish(200, 50_001);
  await until('both alerts', async () => said().length >= 2);
  await until('a few more rounds', async () => Promise.all(nodes.map((node) => node.health())).then((all) => all.every((one) => one.reader.answered > 40)));
  const stored = await cluster.sql('SELECT rule, count(*) FROM session_quality_alerts GROUP BY rule ORDER BY rule');
  const perWindow = await cluster.value('SELECT max(n) FROM (SELECT count(*) n FROM session_quality_alerts GROUP BY rule, window_start) w');
  const answer = await nodes[1].admin('alerts', { range: '24h' });
  await Promise.all(nodes.map((node) => node.stop()));
  assert.deepEqual(stored.map(([rule]) => rule), ['many', 'share']);
  assert.equal(perWindow, '1');
  assert.equal(said().length, stored.reduce((sum, [, count]) => sum + Number(count), 0));
  assert.deepEqual(new Set(answer.alerts.map((alert) => alert.rule)), new Set(['many', 'share']));
  assert.ok(answer.alerts.every((alert) => alert.examples.length > 0 && alert.value >= alert.threshold));
});
