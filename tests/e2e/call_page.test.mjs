// The call page beyond the call of two: three people, a shared screen, a reload, a signaling connection that breaks, a phone; and
// what every page has to be: without console errors, without a violation that axe finds, in both themes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { joinCall, launchBrowser, openPage } from '../support/browser.mjs';
import { startStack, until } from '../support/stack.mjs';

const kNames = ['Ada', 'Grace', 'Barbara'];
const kClosed = 4; // pages: what may overtake what is the machine's to decide
const kAxe = fileURLToPath(new URL('../../admin-web/node_modules/axe-core/axe.min.js', import.meta.url));

let stack;
let browser;
const people = [];
before(async () => {
  stack = await startStack({ 'plugin.room-three.capacity': 3 });
  browser = await launchBrowser(['--auto-select-desktop-capture-source=Entire screen']);
  for (const name of kNames) people.push(await joinCall(browser, stack, { room: 'three', name }));
}, { timeout: 60_000 });
after(async () => {
  await browser?.close();
  await stack?.close();
});

/** Waits until every one of `count` pictures of this source shows new frames. */
async function showsMoving(page, source, count) {
  const frames = () =>
    page.$$eval(`video[data-source=${source}]`, (videos) => videos.map((video) => video.getVideoPlaybackQuality().totalVideoFrames));
  let before = await frames();
  await until(
    async () => {
      const now = await frames();
      const moving = now.length === count && now.every((n, i) => n > (before[i] ?? n) + 2);
      if (!moving && now.length !== before.length) before = now;
      return { moving, now, before };
    },
    ({ moving }) => moving,
    { timeoutMs: 40_000, what: `${count} moving pictures (${source})` },
  );
}

const allMove = () => Promise.all(people.map((page) => showsMoving(page, 'camera', people.length - 1)));

/** What axe objects to, in a form that reads well in a failure. */
async function violations(page) {
  await page.evaluate(await readFile(kAxe, 'utf8'));
  const { violations: found } = await page.evaluate(() => globalThis.axe.run());
  return found.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}

describe('three people on the call page', { timeout: 180_000 }, () => {
  test('everybody sees everybody', allMove);

  test('a shared screen comes and goes for all, and nobody takes it for a camera', async () => {
    const [ada, ...others] = people;
    await ada.click('[data-action=screen]');
    await Promise.all(others.map((page) => showsMoving(page, 'screen', 1)));
    const cameras = await Promise.all(others.map((page) => page.locator('video[data-source=camera]').count()));
    await ada.click('[data-action=screen]');
    await Promise.all(others.map((page) => page.waitForFunction(() => !document.querySelector('video[data-source=screen]'))));
    await allMove();
    assert.deepEqual(cameras, [2, 2]);
  });

  test('a camera that is switched off and on again comes back', async () => {
    const [ada, grace] = people;
    await grace.click('[data-action=camera]');
    assert.equal(await grace.getAttribute('[data-action=camera]', 'data-on'), 'false');
    await grace.click('[data-action=camera]');
    await showsMoving(ada, 'camera', 2);
  });

  test('a reloaded page is back in the call by itself, once', async () => {
    const [ada, grace] = people;
    await grace.reload();
    await grace.waitForSelector('[data-state=joined]', { timeout: 20_000 });
    await ada.waitForFunction(() => document.querySelectorAll('.tile').length === 3);
    await allMove();
  });

  test('a signaling connection that breaks is opened anew, and the media never stops', async () => {
    const [ada] = people;
    await ada.evaluate(() => {
      window.seen = [];
      const element = document.querySelector('[data-state]');
      new MutationObserver(() => window.seen.push(element.dataset.state)).observe(element, { attributes: true });
    });
    execFileSync('ss', ['-K', 'dst', '127.0.0.1', 'sport', '=', `:${stack.settings.web_port}`]);
    await ada.waitForFunction(() => window.seen.includes('reconnecting') && window.seen.at(-1) === 'joined');
    const connections = await ada.evaluate(() => window.testConnections.filter((each) => each.connectionState === 'connected').length);
    await allMove();
    assert.equal(connections, 2, 'the same two PeerConnections go on');
  });

  test('whoever closes the page is gone from the others at once', async () => {
    const gone = people.pop();
    await gone.close({ runBeforeUnload: true });
    await people[0].waitForFunction(() => document.querySelectorAll('.tile').length === 2, null, { timeout: 3000 });
  });

  test('who closes the page has left the call, and nobody hung up', async () => {
    const rooms = Array.from({ length: kClosed }, (_, i) => `closed-${i}`);
    const pages = await Promise.all(rooms.map((room) => joinCall(browser, stack, { room, name: kNames[0] })));
    await Promise.all(pages.map((page) => page.close({ runBeforeUnload: true })));
    const of = () => stack.rows("SELECT end_reason FROM session_quality_logs WHERE room LIKE 'closed-%'");
    const rows = await until(of, ({ length }) => length === kClosed, { what: `${kClosed} rows` });
    assert.deepEqual(new Set(rows.map(({ end_reason }) => end_reason)), new Set(['left']));
  });

  test('no page logged an error', () => {
    for (const page of people) assert.deepEqual(page.complaints, []);
  });
});

describe('what the pages are made of', { timeout: 60_000 }, () => {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing in lobby and call, ${colorScheme}, also on a phone`, async () => {
      const page = await openPage(browser, `${stack.web}/?room=axe-${colorScheme}&name=Ada`, {
        colorScheme,
        viewport: { width: 390, height: 844 },
      });
      await page.waitForFunction(() => document.querySelector('.lobby-preview video')?.srcObject?.active);
      const lobby = await violations(page);
      await page.getByRole('button', { name: 'Join', exact: true }).click();
      await page.waitForSelector('main.stage');
      await page.getByRole('button', { name: 'Devices' }).click();
      const call = await violations(page);
      const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      await page.context().close();
      assert.deepEqual({ lobby, call, overflows }, { lobby: [], call: [], overflows: false });
    });
  }

  test('keys do what the buttons do', async () => {
    const [ada] = people;
    const on = (action) => ada.getAttribute(`[data-action=${action}]`, 'data-on');
    await ada.locator('body').press('m');
    await ada.locator('body').press('v');
    const off = [await on('microphone'), await on('camera')];
    await ada.locator('body').press('m');
    await ada.locator('body').press('v');
    assert.deepEqual([...off, await on('microphone'), await on('camera')], ['false', 'false', 'true', 'true']);
  });

  test('the pages are served under a policy without exceptions', async () => {
    const policy = (await fetch(`${stack.web}/`)).headers.get('content-security-policy');
    assert.match(policy, /script-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
  });
});
