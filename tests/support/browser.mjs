// Chromium with fake camera and microphone, for pages of the stack.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { until } from './stack.mjs';

const kArguments = [
  '--no-sandbox',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-first-run',
  '--disable-background-timer-throttling', // a page in the background is a person in the call all the same
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-dev-shm-usage',
  // Local network access: an empty page (emptyPage) has no address of its own that would let it call a server here.
  '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
];

export const kPageClient = fileURLToPath(new URL('./page_client.js', import.meta.url));

export const kChromium = process.env.CALLROOM_CHROMIUM ?? '/usr/bin/chromium';

/** `executable`: instead of Chromium itself, a command that becomes it. */
export async function launchBrowser(extraArguments = [], executable = kChromium) {
  return await chromium.launch({
    executablePath: executable,
    headless: true,
    args: [...kArguments, ...extraArguments],
  });
}

/**
 * A page in a context of its own, as if on a machine of its own. Console errors and exceptions are in page.complaints.
 * `camera`: what the page gets instead of what it asks for, { width, height, frameRate }.
 */
export async function openPage(browser, url, { viewport = { width: 1000, height: 700 }, camera, ...options } = {}) {
  const page = await newPage(browser, { viewport, ...options });
  if (camera) await page.addInitScript(limitCamera, camera);
  await page.goto(url);
  return page;
}

/** An empty page that no server had to give, so that it opens on either side of an emulated network. */
export async function emptyPage(browser) {
  const page = await newPage(browser, { viewport: { width: 320, height: 240 } });
  await page.route('http://localhost/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>empty</title>' }));
  await page.goto('http://localhost/');
  return page;
}

async function newPage(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(String(error.stack ?? error)));
  await page.addInitScript(keepConnections);
  return page;
}

/** A page without a user interface that has the test's own client (page_client.js) as `client`. */
export async function clientPage(browser, stack) {
  const page = await openPage(browser, `${stack.web}/janus/info`);
  await page.evaluate(readFileSync(kPageClient, 'utf8'));
  return page;
}

// What two cores encode and decode for all pages of a test without falling behind, so that a call's figures are the call's.
const kEasyCamera = { width: 640, height: 360, frameRate: 15 };

/** Opens the call page and joins a room, as a person would. */
export async function joinCall(browser, stack, { room, name, pin, camera = kEasyCamera }) {
  const page = await openPage(browser, `${stack.web}/?${new URLSearchParams({ room, name })}`, { camera });
  await page.waitForFunction(() => document.querySelector('.lobby-preview video')?.srcObject?.active);
  if (pin) {
    await page.getByText('If the room is new').click();
    await page.getByText('Protect it with a PIN').click();
    await page.fill('input[name=pin]', pin);
  }
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.waitForSelector('main.stage');
  return page;
}

export async function leaveCall(page) {
  await page.locator('[data-action=leave]').click();
  await page.waitForSelector('main.farewell');
}

/** Whatever the page asks of the camera, it gets this. */
function limitCamera(camera) {
  const { mediaDevices } = navigator;
  if (!mediaDevices) return; // about:blank
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = (wanted) => open(wanted?.video ? { ...wanted, video: camera } : wanted);
}

/** Keeps every RTCPeerConnection of a page within reach of the tests. */
function keepConnections() {
  const connections = [];
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...parameters) {
      super(...parameters);
      connections.push(this);
    }
  };
  window.testConnections = connections;
}

/**
 * What a page receives and decodes at the moment, summed over its open connections, and by m-line. `connection` of a line:
 * which one it belongs to, in the order in which the page made them.
 */
export async function received(page) {
  return await page.evaluate(async () => {
    const figures = { framesDecoded: 0, audioSamples: 0, videoWidth: 0, videoHeight: 0, lines: [] };
    for (const [index, connection] of window.testConnections.entries()) {
      if (connection.connectionState === 'closed') continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type !== 'inbound-rtp') continue;
        const { mid, kind, framesDecoded = 0, packetsReceived: packets } = report;
        const audioSamples = (report.totalSamplesReceived ?? 0) - (report.concealedSamples ?? 0);
        figures.lines.push({ connection: index, mid, kind, framesDecoded, audioSamples, packets });
        figures.framesDecoded += framesDecoded;
        figures.audioSamples += audioSamples;
        if (kind === 'video') {
          figures.videoWidth = Math.max(figures.videoWidth, report.frameWidth ?? 0);
          figures.videoHeight = Math.max(figures.videoHeight, report.frameHeight ?? 0);
        }
      }
    }
    return figures;
  });
}

/**
 * How much more of `figure` there is now than before, line by line: what came over a connection that was closed meanwhile
 * is not to come again over another one, and a receiver that was set up anew counts from zero.
 */
function growth(now, before, figure) {
  return now.lines.reduce((sum, line) => {
    const former = before.lines.find(({ connection, mid }) => connection === line.connection && mid === line.mid);
    const isSame = former && line.packets >= former.packets && line.framesDecoded >= former.framesDecoded;
    return sum + line[figure] - (isSame ? former[figure] : 0);
  }, 0);
}

/** Waits until a page has decoded this much more video, and has heard real (not concealed) audio meanwhile. */
export async function mediaFlows(page, { frames = 20, samples = 24_000, timeoutMs = 15_000 } = {}) {
  const before = await received(page);
  return await until(
    () => received(page),
    (now) => growth(now, before, 'framesDecoded') >= frames && growth(now, before, 'audioSamples') >= samples,
    { timeoutMs, what: `${frames} frames decoded and ${samples} samples heard` },
  );
}
