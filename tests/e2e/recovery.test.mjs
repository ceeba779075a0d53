// What goes wrong on the way and comes right by itself: a page that is loaded again, a signaling connection that breaks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, mediaFlows } from '../support/browser.mjs';
import { startStack } from '../support/stack.mjs';
import { stormPage } from '../support/storm.mjs';

let stack;
let browser;
before(async () => {
  stack = await startStack({
    'plugin.general.sample_interval': 1000,
    ...Object.fromEntries(['reload', 'signaling'].map((room) => [`plugin.room-${room}.videocodec`, 'vp8'])),
  });
  browser = await launchBrowser();
}, { timeout: 60_000 });
after(async () => {
  await browser?.close();
  await stack?.close();
});

/** Somebody in a room; resolves with the page and the time that joining took, in ms. */
async function person(room, userId, more = {}) {
  const page = await stormPage(browser);
  page.joinMs = await page.evaluate(async ([url, options]) => {
    const open = callroom.webSocket(url);
    window.states = [];
    window.left = 0;
    const connect = async () => {
      window.transport = await open();
      return window.transport;
    };
    window.client = new callroom.RoomClient({ connect });
    window.client.on('state', ({ state }) => window.states.push(state));
    window.client.on('participantLeft', () => { ++window.left; });
    window.client.on('tracks', ({ tracks }) => tracks.forEach(({ track }) => storm.listen(track)));
    for (const source of ['microphone', 'camera']) window.client.publish(window.devices.track(source), source);
    const begun = performance.now();
    await window.client.join(options);
    return performance.now() - begun;
  }, [stack.webSocket, { room, userId, ...more }]);
  return page;
}

async function pair(room) {
  const pages = [await person(room, 'a'), await person(room, 'b')];
  for (const page of pages) await mediaFlows(page);
  return pages;
}

async function leaveAll(pages) {
  for (const page of pages) {
    await page.evaluate(() => window.client.leave());
    await page.context().close();
  }
}

test('a page that is loaded again is back in its place within a second', { timeout: 60_000 }, async () => {
  const [before, other] = await pair('reload');
  const receiveToken = await before.evaluate(() => window.client.receiveToken);
  const again = await person('reload', 'a', { takeover: true, receiveToken });
  assert.ok(again.joinMs < 1000, `${again.joinMs} ms`);
  for (const page of [again, other]) await mediaFlows(page);
  assert.equal(await other.evaluate(() => window.client.others.length), 1);
  await before.context().close();
  await leaveAll([again, other]);
  const rows = await stack.sessionRows('reload', 3);
  assert.deepEqual(rows.map(({ user_id, end_reason }) => [user_id, end_reason]), [['a', 'takeover'], ['a', 'left'], ['b', 'left']]);
});

test('media goes on while the signaling connection is lost, and the session stays the same', { timeout: 60_000 }, async () => {
  const [ada, grace] = await pair('signaling');
  await ada.evaluate(() => {
    const { transport } = window;
    const { onClose } = transport;
    transport.close();
    onClose('lost');
  });
  await ada.waitForFunction(() => window.states.includes('reconnecting'));
  await ada.waitForFunction(() => window.client.state === 'joined');
  for (const page of [ada, grace]) await mediaFlows(page);
  assert.equal(await grace.evaluate(() => window.left), 0);
  await leaveAll([ada, grace]);
  const rows = await stack.sessionRows('signaling', 2);
  assert.deepEqual(rows.map(({ user_id, end_reason, connection_drops }) => [user_id, end_reason, Number(connection_drops)]), [['a', 'left', 0], ['b', 'left', 0]]);
});
