// Alerts on the real stack: each kind of rule of the .jcfg, once for each window, in Postgres, by NOTIFY, to Janus's event handlers,
// and in the panel with its sessions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { launchBrowser, openPage } from '../support/browser.mjs';
import { startEventBackend } from '../support/event_backend.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';

const kWithin = { timeoutMs: 40_000 }; // rules are looked at every 10 s
const kRules = {
  'one-bad': 'metric = "poor_or_failed_sessions"; threshold = 1',
  'many-bad': 'metric = "poor_or_failed_share"; threshold = 10',
  slow: 'metric = "latency"; threshold = 150',
  drops: 'metric = "drops_share"; threshold = 5',
  'slow-but-few': 'metric = "latency"; threshold = 150; min_sessions = 50',
  'very-slow': 'metric = "latency"; threshold = 5000',
};
const kRaised = ['drops', 'many-bad', 'one-bad', 'slow'];

let stack;
let browser;
let backend;
let listener;
const notified = []; // by Postgres
before(async () => {
  backend = await startEventBackend();
  const rules = Object.entries(kRules).map(([name, rule]) => [`plugin.alerts.${name}`, `{ ${rule}; window = 5; }`]);
  stack = await startStack({
    event_backend: backend.url,
    ...Object.fromEntries(rules),
    // Two servers where nothing listens, looked at when Janus starts, and every minute.
    'plugin.ice.servers': 'dead,gone',
    'plugin.turn-dead.url': 'turn:127.0.0.1:9',
    'plugin.turn-dead.secret': 'north',
    'plugin.turn-dead.check_every': 60,
    'plugin.turn-gone.url': 'turn:127.0.0.1:9?transport=tcp',
    'plugin.turn-gone.secret': 'north',
    'plugin.turn-gone.check_every': 60,
  });
  listener = new pg.Client({ host: `${stack.dir}/run`, user: 'callroom_owner', database: 'callroom' });
  await listener.connect();
  listener.on('notification', ({ payload }) => notified.push(JSON.parse(payload)));
  await listener.query('LISTEN callroom_alerts');
  browser = await launchBrowser();
}, { timeout: 60_000 });
after(async () => {
  await browser?.close();
  await listener?.end();
  await stack?.close();
  backend?.close();
});

/** A session that joined and never had media, which makes it a failed one. */
async function failedSession(room) {
  const janus = await JanusClient.connect(stack.webSocket);
  const handle = await janus.attach();
  await handle.ask({ request: 'create', room });
  await handle.ask({ request: 'join', room, user_id: 'ann' });
  await handle.ask({ request: 'leave' });
  await janus.destroy();
  const [row] = await stack.sessionRows(room, 1);
  return row;
}

/** A row as the writer makes it, of a session that ended now. */
async function badSession(id, { latency = null, drops = 0 }) {
  await stack.rows(
    `INSERT INTO session_quality_logs (session_id, created_at, started_at, ended_at, duration_s, node, room, user_id, provider,
       media_path, measured_by, overall_quality, quality_score, end_reason, score_version, samples, latency_avg_ms, connection_drops)
     VALUES ($1, now(), now() - interval '1 minute', now(), 60, 'other-node', 'bad', 'bo', 'janus', 'relay', 'server', 'good', 80, 'left', 1,
             20, $2, $3)`,
    [id, latency, drops],
  );
}

const kSlow = '10000000-0000-4000-8000-000000000001';
const kDropped = '10000000-0000-4000-8000-000000000002';
const kVerySlow = '10000000-0000-4000-8000-000000000003';

const ofSessions = ({ metric }) => metric !== 'turn_servers';
const alertsTold = () => backend.told.filter(({ callroom }) => callroom === 'alert');
const stored = () => stack.rows('SELECT * FROM session_quality_alerts ORDER BY rule, window_start');
const window = ({ rule, window_start }) => `${rule} ${new Date(window_start).toISOString()}`;

test('each rule that is met raises its alert, in the table, by NOTIFY and to event handlers; the others none', async () => {
  const failed = await failedSession('never-connected');
  await badSession(kSlow, { latency: 400 });
  await badSession(kDropped, { latency: 20, drops: 2 });
  const raised = async () => (await stored()).filter(ofSessions);
  const rows = await until(
    raised,
    (found) => kRaised.every((rule) => found.some((row) => row.rule === rule)),
    { ...kWithin, what: 'an alert of each rule that is met' },
  );
  await until(() => alertsTold().filter(ofSessions).length, (count) => count >= rows.length, { what: 'events of the alerts' });

  assert.equal(failed.overall_quality, 'failed');
  assert.deepEqual([...new Set(rows.map(({ rule }) => rule))], kRaised);
  assert.deepEqual(notified.filter(ofSessions).map(window).sort(), rows.map(window).sort());
  assert.deepEqual(alertsTold().filter(ofSessions).map(window).sort(), rows.map(window).sort());
  for (const { rule, value, threshold, sessions } of rows) assert.ok(value >= threshold && sessions >= 1, rule);
});

test('too few TURN servers are an alert too, which names them', async () => {
  const critical = ({ rule }) => rule === 'turn_servers_critical';
  const row = (await until(stored, (rows) => rows.some(critical), { ...kWithin, what: 'the alert' })).find(critical);
  const [event] = await until(() => alertsTold().filter(critical), (events) => events.length > 0, { what: 'the event' });

  assert.deepEqual([row.value, row.threshold], [0, 1]);
  assert.deepEqual([event.level, event.value], ['critical', 0]);
  assert.match(event.text, /No TURN server works: dead \(.*gone \(/);
  assert.ok(notified.some(critical));
});

test('filters leave the alerts of sessions that pass them', async () => {
  const rules = async (filter) => {
    const { alerts } = await stack.admin.ask({ request: 'alerts', ...filter });
    return { rules: new Set(alerts.map(({ rule }) => rule)), examples: new Set(alerts.flatMap(({ examples }) => examples)) };
  };
  const bad = await rules({ room: 'bad', rating: 'good', node: 'other-node' });
  const failed = await rules({ room: 'never-connected', rating: ['failed'] });
  const nobody = await rules({ user_id: 'nobody' });

  assert.deepEqual([...bad.examples].sort(), [kSlow, kDropped]);
  assert.ok(bad.rules.has('slow') && !bad.rules.has('turn_servers_critical'));
  assert.ok(failed.rules.size >= 1 && !failed.rules.has('slow'), [...failed.rules].join());
  assert.equal(nobody.rules.size, 0);
});

test('the panel lists them with their sessions, which it leads to', async () => {
  const page = await openPage(browser, `${stack.web}/admin/#/quality/alerts`, { viewport: { width: 1400, height: 900 } });
  await page.fill('input[name=secret]', stack.settings.admin_secret);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-alert=slow]');
  const listed = await page.locator('[data-alert]').evaluateAll((rows) => rows.map(({ dataset }) => dataset.alert));
  const turnSessions = await page.locator('[data-alert=turn_servers_critical]').first().locator('a.listed').count();
  await page.locator('[data-alert=slow]').first().locator('a.listed').first().click();
  await page.waitForSelector(`[data-session="${kSlow}"]`);
  const { complaints } = page;
  await page.context().close();

  for (const rule of kRaised) assert.ok(listed.includes(rule), rule);
  assert.equal(turnSessions, 0, 'an alert of servers has no sessions');
  assert.deepEqual(complaints, []);
});

test('what was raised is not raised again, also not by a Janus that knows nothing of it', async () => {
  await stack.stop('janus');
  await stack.start('janus');
  // The rules are looked at in one go: when this one is raised, so would the others have been.
  await badSession(kVerySlow, { latency: 90_000 });
  await until(stored, (rows) => rows.some(({ rule }) => rule === 'very-slow'), { ...kWithin, what: 'the alert of very-slow' });
  await until(() => alertsTold().some(({ rule }) => rule === 'very-slow'), Boolean, { what: 'its event' });
  const rows = (await stored()).filter(ofSessions);

  assert.deepEqual(notified.filter(ofSessions).map(window).sort(), rows.map(window).sort());
  assert.deepEqual(alertsTold().filter(ofSessions).map(window).sort(), rows.map(window).sort());
  assert.ok(!rows.some(({ rule }) => rule === 'slow-but-few'));
});
