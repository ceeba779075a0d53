// The panel's Feature Tests tab: a deployment as it comes proves itself, and says so where a part of it is broken.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage } from '../support/browser.mjs';
import { startStack } from '../support/stack.mjs';

const kRunMs = 240_000;

let stack;
let browser;
let page;
before(async () => {
  stack = await startStack();
  browser = await launchBrowser();
  page = await openPage(browser, `${stack.web}/admin/#/features`);
  await page.fill('input[type=password]', stack.settings.admin_secret);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Run all tests' }).click();
  await page.waitForSelector('[data-run=done]', { timeout: kRunMs });
}, { timeout: kRunMs + 60_000 });
after(async () => {
  await browser?.close();
  await stack?.close();
});

const results = () =>
  page.locator('[data-test]').evaluateAll((items) =>
    Object.fromEntries(items.map(({ dataset, textContent }) => [dataset.test, [dataset.status, textContent]])),
  );

test('every feature of a deployment as it comes works', async () => {
  const seen = await results();
  const failing = Object.entries(seen).filter(([, [status]]) => status !== 'pass');
  const rows = await stack.rows('SELECT user_id, room FROM session_quality_logs');
  const { rooms } = await stack.admin.ask({ request: 'rooms' });

  assert.equal(Object.keys(seen).length, 9);
  assert.deepEqual(failing, []);
  assert.deepEqual(rows.map(({ user_id }) => user_id).sort(), ['anna', 'berta']);
  assert.ok(rows.every(({ room }) => room.startsWith('panel-test-')));
  assert.deepEqual(rooms, [], 'test rooms are still there');
});

test('it looks right in light, in dark and on a narrow screen', async () => {
  for (const [name, scheme, width] of [['light', 'light', 1280], ['dark', 'dark', 1280], ['narrow', 'light', 390]]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${name}: ${overflow} px too wide`);
  }
});

test('without its database it says which tests could not be made', async () => {
  await stack.stop('postgres');
  await page.getByRole('button', { name: 'Run again' }).click();
  await page.waitForSelector('[data-run=done]', { timeout: kRunMs });
  const seen = await results();

  assert.equal(seen['feature-row'][0], 'skipped');
  assert.equal(seen['feature-alerts'][0], 'skipped');
  assert.equal(seen['feature-three'][0], 'pass');
});
