// Tests of TURN servers through the Admin API on the real stack: verdicts, what is kept of them in Postgres, and that no
// secret gets into an answer or a log.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';

const kSecret = 'a-shared-secret-of-the-test';
const kPassword = 'a-password-of-the-test';

let stack;
before(async () => {
  stack = await startStack({
    turn_secret: kSecret,
    'plugin.turn-wrong.url': 'turn:127.0.0.1:1?transport=udp',
    'plugin.turn-wrong.username': 'bob',
    'plugin.turn-wrong.password': kPassword,
    'plugin.turn-stale.url': 'turn:127.0.0.1:1',
    'plugin.turn-stale.username': '1600000000:bob',
    'plugin.turn-stale.password': kPassword,
  });
});
after(() => stack?.close());

async function finished(server) {
  const { test } = await stack.admin.ask({ request: 'turn_test', server });
  return await until(
    () => stack.admin.ask({ request: 'turn_test_status', test }),
    ({ state }) => state === 'finished',
    { timeoutMs: 15_000, what: `the test of ${server}` },
  );
}

test('servers are listed and tested, and their checks are kept', async () => {
  const { servers } = await stack.admin.ask({ request: 'turn_servers' });
  const status = await finished('all');
  const verdicts = Object.fromEntries(status.servers.map(({ server, verdict }) => [server, verdict]));
  const good = status.servers.find(({ server }) => server === 'local-udp');
  const rows = await until(
    () => stack.rows('SELECT * FROM turn_checks ORDER BY server_id'),
    (found) => found.length >= 4,
    { what: 'four rows' },
  );
  const after = await stack.admin.ask({ request: 'turn_servers' });

  assert.deepEqual(servers.map(({ id }) => id).sort(), ['local-tcp', 'local-udp', 'stale', 'wrong']);
  assert.deepEqual(verdicts, { 'local-udp': 'ok', 'local-tcp': 'ok', wrong: 'refused', stale: 'credentials_expired' });
  assert.equal(status.progress, 100);
  assert.ok(good.duration_ms < 1000, `a healthy check took ${good.duration_ms} ms`);
  assert.equal(good.paths[0].echo.received, 10);
  assert.deepEqual(rows.map(({ server_id, verdict }) => [server_id, verdict]), [
    ['local-tcp', 'ok'],
    ['local-udp', 'ok'],
    ['stale', 'credentials_expired'],
    ['wrong', 'refused'],
  ]);
  assert.ok(rows[1].rtt_ms > 0 && rows[1].loss_pct === 0 && rows[1].trigger === 'request');
  assert.equal(after.availability.level, 'ok');
  assert.equal(after.servers.find(({ id }) => id === 'local-udp').last.verdict, 'ok');
});

test('their history is told server by server', async () => {
  const all = await stack.admin.ask({ request: 'turn_history', range: '24h' });
  const one = await stack.admin.ask({ request: 'turn_history', range: '24h', server: 'wrong', limit: 1 });
  const good = all.servers.find(({ server_id }) => server_id === 'local-udp');
  const wrong = all.servers.find(({ server_id }) => server_id === 'wrong');
  const bad = await stack.admin.ask({ request: 'turn_history', range: 'ever' });

  assert.equal(all.servers.length, 4);
  assert.equal(Number(good.success_pct), 100);
  assert.deepEqual(wrong.verdicts, { refused: Number(wrong.checks) });
  assert.equal(Number(wrong.success_pct), 0);
  assert.equal(wrong.last_verdict, 'refused');
  assert.ok(all.checks.every(({ verdict, checked_at }) => verdict && checked_at.endsWith('Z')));
  assert.deepEqual(one.checks.map(({ server_id }) => server_id), ['wrong']);
  assert.equal(bad.error_code, 403);
});

test('clients are given what was tested, with credentials of their own', async () => {
  const janus = await JanusClient.connect(stack.webSocket);
  const handle = await janus.attach();
  await handle.ask({ request: 'create', room: 'r' });
  const joined = await handle.ask({ request: 'join', room: 'r', user_id: 'ann' });
  const [udp] = joined.ice_servers;
  await janus.close?.();

  assert.equal(joined.ice_servers.length, 2);
  assert.match(udp.urls, /^turn:127\.0\.0\.1:\d+\?transport=udp$/);
  assert.match(udp.username, /^\d{10}:ann$/);
  assert.match(udp.credential, /^[A-Za-z0-9+/]{27}=$/);
});

test('what is wrong with a request is told by number', async () => {
  const code = async (request) => (await stack.admin.ask(request)).error_code;
  const codes = {
    noServer: await code({ request: 'turn_test', server: 'nobody' }),
    neither: await code({ request: 'turn_test' }),
    adhoc: await code({ request: 'turn_test', url: 'turn:198.51.100.1' }),
    noTest: await code({ request: 'turn_test_status', test: 'x' }),
    noCancel: await code({ request: 'turn_test_cancel', test: 'x' }),
    unknownField: await code({ request: 'turn_servers', secrets: true }),
  };
  assert.deepEqual(codes, { noServer: 436, neither: 402, adhoc: 433, noTest: 435, noCancel: 435, unknownField: 403 });
});

test('no answer, row or log has a secret in it', async () => {
  const answers = [await stack.admin.ask({ request: 'turn_servers' }), await finished('wrong')];
  const rows = await stack.rows('SELECT * FROM turn_checks');
  const texts = [JSON.stringify(answers), JSON.stringify(rows), await stack.log('janus')];
  for (const text of texts) {
    assert.ok(!text.includes(kSecret) && !text.includes(kPassword));
  }
});
