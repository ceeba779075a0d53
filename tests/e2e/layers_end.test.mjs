// A room for three without layers in which one person's network has no room for a picture, and the third leaves: with two
// there is nothing to choose any more, and the picture comes back, since its sender keeps to what that network takes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { clientPage, launchBrowser } from '../support/browser.mjs';
import { NetEmulator } from '../support/net_emulator.mjs';
import { startStack, until } from '../support/stack.mjs';

// Of each of them no less than a quarter of the room's bitrate is sent: together far more than the network takes.
const kRoom = { 'plugin.room-three.capacity': 3, 'plugin.room-three.videocodec': 'vp9', 'plugin.room-three.bitrate': 1000 };
const kNarrowKbps = 200;
const kCamera = { width: 640, height: 480, frameRate: 15 };

describe('who was left out for want of room', { skip: process.getuid() !== 0 && 'takes root: network namespaces' }, () => {
  let network;
  let stack;
  let browser;
  before(async () => {
    network = await NetEmulator.start();
    stack = await startStack({ ...network.stackSettings, ...kRoom, services: 'postgres janus nginx' });
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await stack?.close();
    await network?.stop();
  });

  /** Who is seen, how many frames of each were decoded, and of whom it is said that there is no room for them. */
  const seenBy = (page) =>
    page.evaluate(async () => {
      const reports = [...(await call.receiving.peer.getStats()).values()].filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
      const videos = call.receiving.streams.filter(({ kind }) => kind === 'video');
      const frames = Object.fromEntries(videos.map(({ mid, id }) => [id, reports.find((each) => each.mid === mid)?.framesDecoded ?? 0]));
      return { frames, paused: videos.filter(({ paused }) => paused).map(({ id }) => id) };
    });

  test('comes back when two are left', { timeout: 150_000 }, async (t) => {
    const pages = [];
    for (const user of ['ada', 'grace', 'joan']) {
      const page = await clientPage(browser, stack);
      await page.evaluate(
        async ([user, camera]) => {
          window.prepared = await client.prepare('janus.plugin.callroom', camera);
          window.call = await client.joinCallroom(prepared, { room: 'three', user });
        },
        [user, kCamera],
      );
      pages.push(page);
    }
    const [ada] = pages;
    const ids = await Promise.all(pages.map((page) => page.evaluate(() => call.joined.id)));
    const whole = await until(() => seenBy(ada), ({ frames }) => Object.values(frames).filter((count) => count > 20).length === 2, { timeoutMs: 30_000, what: 'both pictures' });
    assert.deepEqual(whole.paused, []);
    await network.set('down', { ports: await portsOf(ada), rate: kNarrowKbps });
    const { paused } = await until(() => seenBy(ada), ({ paused }) => paused.length > 0, { timeoutMs: 30_000, what: 'a picture that has no room' });
    const stays = ids.indexOf(paused[0]);
    const leaves = stays === 1 ? 2 : 1;
    await pages[leaves].evaluate(() => call.sending.ask({ request: 'leave' }));
    const before = await seenBy(ada);
    const moves = ({ frames, paused }) => paused.length === 0 && (frames[ids[stays]] ?? 0) > (before.frames[ids[stays]] ?? 0) + 20;
    const after = await until(() => seenBy(ada), moves, { timeoutMs: 20_000, what: 'the picture of who stays' });
    t.diagnostic(`${JSON.stringify(before)}, then ${JSON.stringify(after)}`);
    for (const page of pages) await page.context().close();
  });
});

/** The UDP ports of what a page receives. */
const portsOf = (page) =>
  page.evaluate(async () => {
    const stats = await call.receiving.peer.getStats();
    const transports = [...stats.values()].filter(({ type }) => type === 'transport');
    return transports.map(({ selectedCandidatePairId }) => stats.get(stats.get(selectedCandidatePairId).localCandidateId).port);
  });
