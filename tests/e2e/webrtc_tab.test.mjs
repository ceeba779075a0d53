// The panel's WebRTC Testing tab against a configuration with one good server, one with a wrong password, one dead, one with
// credentials that are over and one with a certificate that is, and three STUN servers of which one is dead: each is told from the others, from this browser and from Janus's
// machine, and each failing one is named in what to do. Prints the table of servers, verdicts and times.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage } from '../support/browser.mjs';
import { startExpiredTurn } from '../support/expired_turn.mjs';
import { freePort } from '../support/free_port.mjs';
import { startStack, until } from '../support/stack.mjs';

const kPassword = 'a-wrong-password-of-the-test';
const kRunMs = 120_000;

let expired;
let stack;
let browser;
let page;
before(async () => {
  expired = await startExpiredTurn();
  stack = await startStack(settings(await freePort()));
  browser = await launchBrowser();
  page = await openPage(browser, `${stack.web}/admin/#/webrtc`, { permissions: ['camera', 'microphone'] });
  await page.fill('input[type=password]', stack.settings.admin_secret);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Run all tests' }).click();
  await page.waitForSelector('[data-run=running] [data-status=running]');
  await page.waitForSelector('[data-run=done]', { timeout: kRunMs });
}, { timeout: kRunMs + 60_000 });
after(async () => {
  await browser?.close();
  await stack?.close();
  await expired?.close();
});

/** The stack's own coturn as "good"; a name that it does not know, a port where nothing is, a time that is over, and the expired one. */
function settings(port) {
  const secret = 'a-shared-secret-of-the-test';
  const server = (id, url, more) =>
    Object.fromEntries(Object.entries({ url, ...more }).map(([key, value]) => [`plugin.turn-${id}.${key}`, value]));
  const own = `turn:127.0.0.1:${port}?transport=udp`;
  return {
    turn_port: port,
    turn_secret: secret,
    'plugin.ice.servers': 'good,wrong,dead,stale,lapsed,near,other,mute',
    ...server('good', own, { secret, check_every: 60 }),
    ...server('wrong', own, { username: 'bob', password: kPassword }),
    ...server('dead', 'turn:127.0.0.1:9?transport=udp', { secret }),
    ...server('stale', own, { username: '1600000000:bob', password: kPassword }),
    ...server('lapsed', expired.url, { username: expired.username, password: expired.password, ca_file: expired.caFile, check_every: 60 }),
    ...server('near', `stun:127.0.0.1:${port}`),
    ...server('other', expired.stunUrl),
    ...server('mute', 'stun:127.0.0.1:9'),
  };
}

const kServers = ['good', 'wrong', 'dead', 'stale', 'lapsed'];

const plain = (text) => text.replaceAll('\u00a0', ' ');
const statusOf = (id) => page.locator(`[data-test=${id}]`).getAttribute('data-status');
const verdictOf = (id) => page.locator(`[data-test=${id}] [data-verdict]`).getAttribute('data-verdict');

test('each server gets its own verdict, from here and from there', async () => {
  const seen = {};
  for (const id of kServers) {
    seen[id] = [await statusOf(`turn-${id}`), await verdictOf(`turn-${id}`)];
    const times = page.locator(`[data-test=turn-${id}]`);
    const [both, there] = [await times.locator('.test-time').textContent(), await times.locator('[data-verdict] .verdict-time').textContent()];
    console.log(`# ${id.padEnd(8)} browser ${seen[id][0].padEnd(6)} ${both.padStart(7)}   server ${seen[id][1].padEnd(22)} ${there.padStart(7)}`);
  }
  const shown = await page.locator('[data-test=turn-good] .test-summary').textContent();

  assert.deepEqual(seen, {
    good: ['pass', 'ok'],
    wrong: ['fail', 'credentials_rejected'],
    dead: ['fail', 'refused'],
    stale: ['fail', 'credentials_expired'],
    lapsed: ['fail', 'tls_expired'],
  });
  assert.match(shown, /\d+ of 20/);
});

test('each STUN server is asked, and the dead one is told from those that answer', async () => {
  const seen = [];
  for (const id of ['near', 'other', 'mute']) {
    const row = page.locator(`[data-test=stun-${id}]`);
    seen.push([await statusOf(`stun-${id}`), plain(await row.locator('.test-summary').textContent())]);
    console.log(`# ${id.padEnd(8)} ${seen.at(-1).join('  ')}   ${plain(await row.locator('.test-time').textContent())}`);
  }

  assert.deepEqual(seen.map(([status]) => status), ['pass', 'pass', 'fail']);
  assert.match(seen[0][1], /after [\d.]+ m?s/);
  assert.match(seen[2][1], /^No answer/);
  assert.equal(await page.locator('.findings li[data-about=mute]').getAttribute('data-code'), 'stun_no_answer');
});

test('what to do names each failing server, and not the good one', async () => {
  const findings = await page.locator('.findings li').evaluateAll((items) =>
    items.map(({ dataset }) => ({ ...dataset })).filter(({ severity }) => severity === 'critical'),
  );
  const codes = (id) => findings.filter(({ about }) => about === id).map(({ code }) => code);

  assert.deepEqual(codes('good'), []);
  assert.ok(codes('wrong').includes('credentials_rejected'));
  assert.ok(codes('dead').includes('refused'));
  assert.ok(codes('stale').includes('credentials_expired'));
  assert.ok(codes('lapsed').includes('tls_expired'), 'where its name also has an address that nobody listens on, that is said too');
});

test('browser, devices and network are tested, and the score tells that most of the servers fail', async () => {
  const groups = {};
  for (const id of ['browser-support', 'devices-microphone', 'devices-camera', 'network-signaling', 'network-media']) {
    groups[id] = await statusOf(id);
  }
  const score = Number(await page.locator('.run-score').getAttribute('data-score'));
  const rows = await stack.rows('SELECT room FROM session_quality_logs');
  const { rooms } = await stack.admin.ask({ request: 'rooms' });

  assert.equal(groups['browser-support'], 'pass');
  assert.notEqual(groups['devices-camera'], 'fail');
  assert.notEqual(groups['devices-microphone'], 'fail');
  assert.equal(groups['network-signaling'], 'pass');
  assert.notEqual(groups['network-media'], 'fail');
  assert.ok(score > 20 && score < 80, `score ${score}`);
  assert.deepEqual(rows, [], 'the test call left rows');
  assert.deepEqual(rooms, [], 'the test room is still there');
});

test('what is saved holds no credential', async () => {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download' }).click(),
  ]);
  const stream = await download.createReadStream();
  let text = '';
  for await (const part of stream) text += part;
  const report = JSON.parse(text);

  assert.equal(report.tests.length, await page.locator('[data-test]').count());
  assert.ok(!text.includes(kPassword) && !text.includes('a-shared-secret') && !text.includes('"credential"'));
  assert.ok(!text.includes('1600000000'), 'the user name');
});

test('it looks right in light, in dark and on a narrow screen', async () => {
  await page.locator('[data-test=turn-good] summary').click();
  for (const [name, scheme, width] of [['light', 'light', 1280], ['dark', 'dark', 1280], ['narrow', 'light', 390]]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${name}: ${overflow} px too wide`);
  }
  assert.deepEqual(page.complaints, []);
});

test('the checks on a schedule are told with their history, and as an alert where too few servers are left', async () => {
  const row = page.locator('[data-view=servers] [data-server=lapsed]');
  const checks = await until(
    () => row.locator('.check-strip i').count(),
    (count) => count >= 2,
    { timeoutMs: 40_000, what: 'the check of the schedule and the one of the run' },
  );
  const verdict = plain(await row.locator('td').nth(1).textContent());
  const usable = plain(await row.locator('td').nth(4).textContent());
  await page.waitForSelector('[data-availability=warning]', { timeout: 20_000 }); // of the two that are on a schedule
  const text = await page.locator('[data-availability]').textContent();
  await page.locator('[data-view=servers] summary').click();
  const schedule = await page.locator('[data-check=lapsed]', { hasText: 'schedule' }).count();

  assert.ok(checks >= 2);
  assert.match(verdict, /tls expired/);
  assert.equal(usable, '0.0 %');
  assert.match(text, /Only one TURN server of 2 works.*lapsed \(tls_expired\)/);
  assert.ok(schedule >= 1);
});

test('a run can be cancelled and started again', async () => {
  await page.getByRole('button', { name: 'Run again' }).click();
  await page.waitForSelector('[data-run=running] [data-status=running]');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForSelector('[data-run=done]', { timeout: 10_000 });
  const skipped = await page.locator('[data-status=skipped]').count();

  assert.ok(skipped > 0);
});
