#!/usr/bin/env node
// How long the panel takes to show figures: from signing in to the first view, and from choosing another range to its figures.
//
//   node tests/bench/panel_speed.mjs <socket folder> <database> [rounds=20]
//
// The database holds what tests/bench/generate_sessions put there, on a cluster where callroom_reader may log in on the socket and
// admin_roles lists "admin"; it is only read. Janus, nginx and Chromium are this command's own. A time ends with the frame in which
// every figure and chart is drawn. Exits with 1 where a p95 is over its limit; run it on a machine that does nothing else.
import '../support/own_node.mjs';
import { launchBrowser, openPage } from '../support/browser.mjs';
import { startStack } from '../support/stack.mjs';

const [host, database, rounds = '20'] = process.argv.slice(2);
if (!database) {
  console.error('usage: panel_speed.mjs <socket folder> <database> [rounds]');
  process.exit(2);
}
const kFirstViewMs = 300;
const kRangeChangeMs = 150;

const stack = await startStack({
  services: 'janus nginx',
  'plugin.database.writer': '',
  'plugin.database.reader': `host=${host} user=callroom_reader dbname=${database}`,
});
const browser = await launchBrowser();

/** In the page: how long until what `act` asks for has been asked for, has come, and is drawn. */
function settle() {
  globalThis.settled = (act) =>
    new Promise((resolve) => {
      let asked = false;
      const began = performance.now();
      const look = () => {
        const states = [...document.querySelectorAll('[data-view] [data-loading]')].map(({ dataset }) => dataset.loading);
        asked ||= states.includes('true');
        if (!asked || states.length < 2 || states.includes('true') || !document.querySelector('[data-chart] canvas')) return;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-loading'] });
      act();
    });
}

async function signIn(range) {
  const page = await openPage(browser, `${stack.web}/admin/#/quality/overview?range=${range}`, { viewport: { width: 1400, height: 900 } });
  await page.fill('input[name=secret]', stack.settings.admin_secret);
  await page.evaluate(settle);
  const ms = await page.evaluate(() => globalThis.settled(() => document.querySelector('button[type=submit]').click()));
  return { page, ms };
}

function report(what, times, limitMs) {
  const sorted = [...times].sort((a, b) => a - b);
  const quantile = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  const ok = quantile(0.95) < limitMs;
  if (!ok) process.exitCode = 1;
  console.log(
    `${what.padEnd(32)} p50 ${quantile(0.5).toFixed(0).padStart(5)} ms   p95 ${quantile(0.95).toFixed(0).padStart(5)} ms   limit ${limitMs} ms ${ok ? '' : ' OVER'}`,
  );
}

try {
  const { page, ms: coldMs } = await signIn('30d');
  const { sessions } = (await stack.admin.ask({ request: 'summary', range: '30d' })).current;
  console.log(`${sessions} sessions in 30 days; the very first view of this Janus, 30d: ${coldMs.toFixed(0)} ms`);
  for (const range of ['24h', '7d', '30d']) {
    const times = [];
    for (let i = 0; i < Number(rounds) / 2; ++i) {
      const { page: again, ms } = await signIn(range);
      times.push(ms);
      await again.context().close();
    }
    report(`first view after sign-in, ${range}`, times, kFirstViewMs);
  }
  const changes = { '24h': [], '7d': [], '30d': [] };
  for (let i = 0; i < Number(rounds); ++i) {
    for (const [range, times] of Object.entries(changes)) {
      const choose = (name) =>
        globalThis.settled(() => [...document.querySelectorAll('.filters .segments button')].find(({ textContent }) => textContent === name).click());
      times.push(await page.evaluate(choose, range));
    }
  }
  for (const [range, times] of Object.entries(changes)) report(`change of range to ${range}`, times, kRangeChangeMs);
} finally {
  await browser.close();
  await stack.close();
}
