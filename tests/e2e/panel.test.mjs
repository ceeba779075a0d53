// The panel, after a call: the administrator signs in and finds the call's two sessions, and each session's page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { joinCall, launchBrowser, leaveCall, mediaFlows, openPage } from '../support/browser.mjs';
import { startStack } from '../support/stack.mjs';

let stack;
let browser;
let rows;
before(async () => {
  stack = await startStack();
  browser = await launchBrowser();
  const people = [];
  for (const name of ['Ada', '<b>Grace</b>']) people.push(await joinCall(browser, stack, { room: 'panel', name }));
  await Promise.all(people.map((page) => mediaFlows(page, { samples: 22 * 48_000, timeoutMs: 90_000 })));
  for (const page of people) await leaveCall(page);
  for (const page of people) await page.context().close();
  rows = await stack.sessionRows('panel', 2);
}, { timeout: 180_000 });
after(async () => {
  await browser?.close();
  await stack?.close();
});

async function signIn(path = '/admin/') {
  const page = await openPage(browser, stack.web + path);
  await page.fill('input[name=secret]', stack.settings.admin_secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForSelector('nav.tabs');
  return page;
}

test('a wrong secret is told, and lets nobody in', async () => {
  const page = await openPage(browser, `${stack.web}/admin/`);
  await page.fill('input[name=secret]', 'guess');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'not the admin secret' }).waitFor();
  assert.equal(await page.locator('nav.tabs').count(), 0);
  await page.context().close();
});

test('the three tabs are there, and open without a complaint', async () => {
  const page = await signIn();
  for (const title of ['WebRTC Testing', 'Feature Tests', 'Quality Analytics']) {
    await page.getByRole('link', { name: title }).click();
    await page.waitForSelector(`nav.tabs a[aria-current=page]:text-is("${title}")`);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the list of sessions has both, with user text as text', async () => {
  const page = await signIn('/admin/#/quality/sessions');
  for (const row of rows) {
    const line = page.locator(`tr[data-session="${row.session_id}"]`);
    await line.waitFor();
    assert.ok((await line.innerText()).includes(row.display), row.display);
  }
  assert.equal(await page.locator('td.name b').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a session's page shows its figures and leads to the other person", async () => {
  const [row, other] = rows;
  const page = await signIn('/admin/#/quality/sessions');
  await page.locator(`tr[data-session="${row.session_id}"] a`).first().click();
  await page.waitForSelector(`.view-head[data-session="${row.session_id}"]`);
  const text = await page.locator('main').innerText();
  assert.ok(text.includes(row.display), row.display);
  assert.ok(text.includes(row.resolution_max.replace('x', '\u00d7')) || text.includes(row.resolution_max), row.resolution_max);
  assert.ok(text.includes(String(Math.round(row.quality_score))), `score ${row.quality_score} in: ${text}`);
  await page.locator(`tr[data-session="${other.session_id}"] a`).first().click();
  await page.waitForSelector(`.view-head[data-session="${other.session_id}"]`);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('pages come with a Content-Security-Policy that allows nothing inline', async () => {
  for (const path of ['/', '/admin/']) {
    const policy = (await fetch(stack.web + path)).headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
  }
});
