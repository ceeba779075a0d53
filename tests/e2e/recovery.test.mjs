// What goes wrong on the way and comes right by itself: a page that is loaded again, a signaling connection that breaks,
// a network that is gone for a while, a receiver whose reports do not come.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mediaFlows } from '../support/browser.mjs';
import { until } from '../support/stack.mjs';
import { stormPage } from '../support/storm.mjs';
import { TwoSides } from '../support/two_sides.mjs';

let sides;
before(async () => {
  sides = await TwoSides.start({
    'plugin.general.sample_interval': 1000,
    ...Object.fromEntries(['reload', 'signaling', 'cut', 'mute'].map((room) => [`plugin.room-${room}.videocodec`, 'vp8'])),
    'plugin.room-direct.media': 'p2p',
    'plugin.room-reload-direct.media': 'p2p',
  });
}, { timeout: 60_000 });
after(() => sides?.close());

/** Somebody in a room; resolves with the page and the time that joining took, in ms. */
async function person(side, room, userId, more = {}) {
  const page = await stormPage(sides.browsers[side]);
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
  }, [sides.stack.webSocket, { room, userId, ...more }]);
  return page;
}

async function pair(room, where = ['near', 'near']) {
  const pages = [await person(where[0], room, 'a'), await person(where[1], room, 'b')];
  for (const page of pages) await mediaFlows(page);
  return pages;
}

async function leaveAll(pages) {
  for (const page of pages) {
    await page.evaluate(() => window.client.leave());
    await page.context().close();
  }
}

const ufrags = (page) => page.evaluate(() => window.testConnections
  .filter(({ connectionState }) => connectionState !== 'closed')
  .map((c) => /^a=ice-ufrag:(\S+)/m.exec(c.currentLocalDescription?.sdp ?? '')?.[1]));

for (const [room, what] of [['reload', 'through Janus'], ['reload-direct', 'directly']]) {
  test(`a page that is loaded again is back in its place within a second, media ${what}`, { timeout: 60_000 }, async () => {
    const [before, other] = await pair(room);
    const receiveToken = await before.evaluate(() => window.client.receiveToken);
    const again = await person('near', room, 'a', { takeover: true, receiveToken });
    assert.ok(again.joinMs < 1000, `${again.joinMs} ms`);
    for (const page of [again, other]) await mediaFlows(page);
    assert.equal(await other.evaluate(() => window.client.others.length), 1);
    await before.context().close();
    await leaveAll([again, other]);
    const rows = await sides.stack.sessionRows(room, 3);
    assert.deepEqual(rows.map(({ user_id, end_reason }) => [user_id, end_reason]), [['a', 'takeover'], ['a', 'left'], ['b', 'left']]);
  });
}

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
  const rows = await sides.stack.sessionRows('signaling', 2);
  assert.deepEqual(rows.map(({ user_id, end_reason, connection_drops }) => [user_id, end_reason, Number(connection_drops)]), [['a', 'left', 0], ['b', 'left', 0]]);
});

for (const [room, where, what] of [['cut', ['near', 'near'], 'through Janus'], ['direct', ['near', 'far'], 'directly']]) {
  test(`media ${what} comes back after the network was gone, over restarted ICE, and the rows tell`, { timeout: 120_000 }, async () => {
    const pages = await pair(room, where);
    const before = await Promise.all(pages.map(ufrags));
    await sides.network.set('both', { loss: 100 });
    // Signaling goes on, so that ICE restarts while nothing gets through yet.
    for (const [i, page] of pages.entries()) {
      await until(() => ufrags(page), (now) => now.some((ufrag, line) => ufrag !== before[i][line]), { timeoutMs: 30_000, what: 'ICE restarted' });
    }
    await sides.network.set('both');
    for (const page of pages) await mediaFlows(page, { timeoutMs: 30_000 });
    await leaveAll(pages);
    for (const row of await sides.stack.sessionRows(room, 2)) {
      assert.equal(row.end_reason, 'left');
      assert.ok(Number(row.connection_drops) >= 1, `drops ${row.connection_drops}`);
      assert.ok(Number(row.recoveries) >= 1, `recoveries ${row.recoveries}`);
    }
  });
}

test('a leg whose reports stay away for 5 s gets new ICE from the plugin', { timeout: 60_000 }, async () => {
  // Whose media does not pass the network; what the near one receives, and tells of it, does.
  const pages = await pair('mute', ['near', 'far']);
  const before = await ufrags(pages[0]);
  await sides.network.set('up', { loss: 100 });
  await until(() => sides.stack.log('janus'), (log) => log.includes('a gives no reports on what it receives'), { timeoutMs: 20_000, what: 'the restart' });
  await sides.network.set('both');
  for (const page of pages) await mediaFlows(page, { timeoutMs: 30_000 });
  assert.notDeepEqual(await ufrags(pages[0]), before);
  await leaveAll(pages);
});
