// What tests/screenshots does.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { joinCall, launchBrowser, leaveCall, mediaFlows, openPage } from './browser.mjs';
import { startStack } from './stack.mjs';

const project = fileURLToPath(new URL('../..', import.meta.url));
const kSessions = 20_000;
const kModes = {
  light: { scheme: 'light', width: 1400, height: 900 },
  dark: { scheme: 'dark', width: 1400, height: 900 },
  phone: { scheme: 'light', width: 390, height: 844 },
};

const run = process.argv[2] === '--readme' ? forReadme : everything;

async function everything(page, views) {
  const folder = process.argv[2] ?? join(project, 'build/screenshots');
  await mkdir(folder, { recursive: true });
  for (const [name, open] of Object.entries(views)) {
    await open(page);
    for (const [mode, look] of Object.entries(kModes)) {
      await put(page, look);
      await page.screenshot({ path: join(folder, `${name}-${mode}.png`), fullPage: true });
    }
    await put(page, kModes.light);
  }
  console.log(`${3 * Object.keys(views).length} screenshots in ${folder}`);
}

async function forReadme(page, views) {
  const folder = join(project, 'admin-web/screenshots');
  await mkdir(folder, { recursive: true });
  for (const [name, look] of [['overview', kModes.light], ['session', kModes.dark], ['webrtc', kModes.light]]) {
    await views[name](page);
    await put(page, { ...look, width: 1200, height: 760 });
    const image = await toWebp(page, await page.screenshot());
    await writeFile(join(folder, `${name}.webp`), image);
    console.log(`admin-web/screenshots/${name}.webp: ${Math.round(image.length / 1024)} kB`);
  }
}

/** The page as it looks there, once nothing moves. */
async function put(page, { scheme, width, height }) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height });
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'));
}

/** By the browser itself, in a page whose policy allows the picture. */
async function toWebp(page, png) {
  const blank = await page.context().newPage();
  const text = await blank.evaluate(async (base64) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${base64}`;
    await picture.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL('image/webp', 0.74).split(',')[1];
  }, png.toString('base64'));
  await blank.close();
  return Buffer.from(text, 'base64');
}

// --- the views: each is told to open, and is there when it resolves ----------------------------------------------------

async function show(page, place) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${place}`);
  await page.waitForFunction(() => document.querySelector('[data-loading]') && !document.querySelector('[data-loading=true]'));
}

async function runAll(page, tab) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${tab}`);
  await page.getByRole('button', { name: 'Run all tests' }).click();
  await page.waitForSelector('[data-run=done]', { timeout: 180_000 });
}

async function viewsOf(stack) {
  const [bad] = await stack.rows(
    `SELECT session_id FROM session_quality_logs WHERE overall_quality = 'poor' AND timeline IS NOT NULL AND connection_drops > 0
      ORDER BY octet_length(timeline) DESC, created_at DESC LIMIT 1`,
  );
  const quality = (place) => (page) => show(page, `quality/${place}`);
  return {
    overview: quality('overview?range=7d'),
    providers: quality('providers?range=30d'),
    issues: quality('issues?range=30d'),
    sessions: quality('sessions?range=30d'),
    worst: quality('sessions?range=30d&order=worst'),
    session: quality(`session/${bad.session_id}`),
    live: quality('live'),
    alerts: quality('alerts?range=7d'),
    empty: quality('overview?room=nobody-was-here'),
    webrtc: (page) => runAll(page, 'webrtc'),
    features: (page) => runAll(page, 'features'),
  };
}

const kDead = { 'plugin.turn-spare.url': 'turn:127.0.0.1:9', 'plugin.turn-spare.secret': 'north' };
const stack = await startStack(kDead);
const browser = await launchBrowser();
try {
  await promisify(execFile)(join(project, 'tests/bench/generate_sessions'), [
    `postgresql://callroom_owner@/callroom?host=${stack.dir}/run`,
    String(kSessions),
  ]);
  await stack.rows(`
    INSERT INTO session_quality_alerts (rule, metric, value, threshold, sessions, window_start, window_end, raised_at, node)
    SELECT rule, metric, value, threshold, 200, ended - interval '15 minutes', ended, ended, 'node-2'
      FROM (VALUES ('many-bad-calls', 'poor_or_failed_share', 34.2, 10.0, now() - interval '6 days'),
                   ('slow-calls', 'latency', 231.5, 200, now() - interval '5 days 20 hours'),
                   ('one-bad', 'poor_or_failed_sessions', 3, 1, now() - interval '5 hours')) a (rule, metric, value, threshold, ended)`);
  const people = [];
  for (const name of ['Ada', 'Grace']) people.push(await joinCall(browser, stack, { room: 'front desk', name }));
  await Promise.all(people.map((person) => mediaFlows(person, { samples: 8 * 48_000, timeoutMs: 60_000 })));
  const page = await openPage(browser, `${stack.web}/admin/`, { permissions: ['camera', 'microphone'], viewport: kModes.light });
  const views = await viewsOf(stack);
  const signIn = async () => {
    await page.fill('input[name=secret]', stack.settings.admin_secret);
    await page.keyboard.press('Enter');
    await page.waitForSelector('main#main');
  };
  const asItIs = async () => undefined;
  if (run === everything) {
    await everything(page, { 'sign-in': asItIs });
    const lobby = await openPage(browser, `${stack.web}/?room=front+desk&name=Edsger`);
    await lobby.waitForFunction(() => document.querySelector('.lobby-preview video')?.videoWidth > 0);
    await everything(lobby, { lobby: asItIs });
    await lobby.context().close();
    await everything(people[0], { call: asItIs });
  }
  await signIn();
  await run(page, views);
  if (run === everything) await everything(people[1], { farewell: leaveCall });
} finally {
  await browser.close();
  await stack.close();
}
