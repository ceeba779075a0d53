// The panel in Chromium, on a stack whose database has generated sessions.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launchBrowser, openPage } from './browser.mjs';
import { startStack } from './stack.mjs';

const kAxe = fileURLToPath(new URL('../../admin-web/node_modules/axe-core/axe.min.js', import.meta.url));
const kGenerator = fileURLToPath(new URL('../bench/generate_sessions', import.meta.url));

/** { stack, browser, signedIn(options), close() } */
export async function startPanel(sessions, settings = {}) {
  const stack = await startStack(settings);
  await promisify(execFile)(kGenerator, [`postgresql://callroom_owner@/callroom?host=${stack.dir}/run`, String(sessions)]);
  const browser = await launchBrowser();
  return {
    stack,
    browser,
    async signedIn({ place = '', ...options } = {}) {
      const page = await openPage(browser, `${stack.web}/admin/${place}`, { viewport: { width: 1400, height: 900 }, ...options });
      await page.fill('input[name=secret]', stack.settings.admin_secret);
      await page.click('button[type=submit]');
      await page.waitForSelector('main#main');
      return page;
    },
    async close() {
      await browser.close();
      await stack.close();
    },
  };
}

/** Goes to a view of Quality Analytics by its address, and waits until all it asked for is there. */
export async function show(page, place) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/quality/${place}`);
  await page.waitForSelector(`[data-view=${place.split(/[/?]/)[0]}]`);
  await loaded(page);
}

export async function loaded(page) {
  await page.waitForFunction(() => document.querySelector('[data-loading]') && !document.querySelector('[data-loading=true]'));
}

/** What axe finds on the page as it is, whether the page is wider than the window, and which current link is out of sight. */
export async function flaws(page) {
  await page.evaluate(await readFile(kAxe, 'utf8'));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.push('overflows');
  const away = await page.$$eval('nav [aria-current]', (links) =>
    links.filter((link) => {
      const [own, bar] = [link, link.parentElement].map((each) => each.getBoundingClientRect());
      return own.left < bar.left - 1 || own.right > bar.right + 1;
    }).map(({ textContent }) => textContent),
  );
  found.push(...away.map((text) => `out of sight: ${text}`));
  return found;
}

/** The text without the spaces that keep a number and its unit together. */
export const plain = (text) => text.replaceAll('\u00a0', ' ');
