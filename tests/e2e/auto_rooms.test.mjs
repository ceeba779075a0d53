// Auto rooms: what goes directly and stays poor for 15 s is moved to the relay, without anybody leaving or being cut off, and
// the row tells when; a third person moves them too, and when two remain they are back on the direct way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mediaFlows, received } from '../support/browser.mjs';
import { until } from '../support/stack.mjs';
import { stormPage } from '../support/storm.mjs';
import { TwoSides } from '../support/two_sides.mjs';

const kTurns = Array.from({ length: process.env.CALLROOM_LONG === '1' ? 10 : 2 }, (_, i) => `turns${i}`);

let sides;
before(async () => {
  const rooms = Object.fromEntries(['bad', ...kTurns].flatMap((room) => [
    [`plugin.room-${room}.media`, 'auto'],
    [`plugin.room-${room}.capacity`, room === 'bad' ? 2 : 3],
  ]));
  sides = await TwoSides.start({ 'plugin.general.sample_interval': 1000, ...rooms });
}, { timeout: 60_000 });
after(() => sides?.close());

async function person(side, userId, room) {
  const page = await stormPage(sides.browsers[side]);
  await page.evaluate(async ([url, userId, room]) => {
    window.providers = [];
    window.client = new callroom.RoomClient({ url });
    window.client.on('provider', (provider) => window.providers.push({ provider, at: performance.now() }));
    window.client.on('tracks', ({ tracks }) => tracks.forEach(({ track }) => storm.listen(track)));
    for (const source of ['microphone', 'camera']) window.client.publish(window.devices.track(source), source);
    await window.client.join({ room, userId });
  }, [sides.stack.webSocket, userId, room]);
  return page;
}

const provider = (page) => page.evaluate(() => window.client.provider);

/** Media goes this way, and the connections of the former one are closed: their frames count no more. */
async function providerIs(page, wanted) {
  const open = () => page.evaluate(() => window.testConnections.filter((c) => c.connectionState !== 'closed').length);
  await until(async () => [await provider(page), await open()], ([now, count]) => now === wanted && count === (wanted === 'p2p' ? 1 : 2), {
    timeoutMs: 10_000,
    what: `media by ${wanted} alone`,
  });
}

/** The UDP ports of a page's first connection. */
const portsOf = (page) =>
  page.evaluate(async () => {
    const stats = await window.testConnections[0].getStats();
    const used = [...stats.values()].filter(({ type }) => type === 'transport').map((each) => stats.get(each.selectedCandidatePairId));
    return used.map(({ localCandidateId }) => stats.get(localCandidateId).port);
  });

/** Whether what is shown of the other person comes by the page's first connection. */
const isShownDirectly = (page) =>
  page.evaluate(() => {
    const direct = window.testConnections[0].getReceivers().map(({ track }) => track);
    const shown = window.client.others[0].tracks.map(({ track }) => track);
    return shown.length === 2 && shown.every((track) => direct.includes(track));
  });

test('quality that stays poor for 15 s moves an auto room to the relay, and nobody is cut off before all are there', { timeout: 180_000 }, async (t) => {
  const pages = [await person('near', 'a', 'bad'), await person('far', 'b', 'bad')];
  for (const page of pages) {
    await mediaFlows(page);
    assert.equal(await provider(page), 'p2p');
  }
  const begun = performance.now();
  // The direct connection is bad, and the near one does not reach the relay at all.
  await sides.network.set('both', { ports: await portsOf(pages[0]), loss: 25, delay: 150 });
  await sides.network.set('both', { loss: 100 });
  for (const page of pages) {
    await until(() => provider(page), (now) => now === 'janus', { timeoutMs: 45_000, what: 'media by Janus' });
  }
  const seconds = (performance.now() - begun) / 1000;
  assert.ok(seconds > 14, `moved after ${seconds} s`);
  const relayed = () => pages[1].evaluate(() => window.testConnections.slice(1).map((each) => each.connectionState));
  await until(relayed, (states) => states.length === 2 && states.every((state) => state === 'connected'), { what: 'the far one to be there' });
  for (const page of pages) await mediaFlows(page);
  assert.deepEqual(await Promise.all(pages.map(isShownDirectly)), [true, true]);
  await sides.network.clear();
  await sides.network.set('both');
  const open = performance.now();
  for (const page of pages) await providerIs(page, 'janus');
  t.diagnostic(`through the relay alone ${Math.round(performance.now() - open)} ms after both could reach it`);
  for (const page of pages) await mediaFlows(page);
  assert.deepEqual(await Promise.all(pages.map(isShownDirectly)), [false, false]);
  const summaries = await Promise.all(pages.map((page) => page.evaluate(() => window.client.leave())));
  assert.ok(summaries.every(({ session_id }) => session_id));
  for (const row of await sides.stack.sessionRows('bad', 2)) {
    assert.deepEqual([row.media_path, row.provider, row.end_reason], ['p2p>relay', 'janus', 'left']);
    const { session: whole } = await sides.stack.admin.ask({ request: 'session', session_id: row.session_id });
    const moves = whole.timeline.events.filter(({ what }) => what === 'media_path');
    assert.deepEqual(moves.map(({ detail }) => detail), ['relay']);
    assert.ok(moves[0].sample >= 12, `at sample ${moves[0].sample}`);
  }
});

test('a third person moves an auto room to the relay, and it goes back when two remain', { timeout: 600_000 }, async () => {
  const took = { relay: [], p2p: [] };
  for (const room of kTurns) {
    const pages = [await person('near', 'a', room), await person('near', 'b', room)];
    for (const page of pages) await providerIs(page, 'p2p');
    for (const page of pages) await mediaFlows(page);
    let begun = performance.now();
    const third = await person('near', 'c', room);
    for (const page of [...pages, third]) await providerIs(page, 'janus');
    took.relay.push(Math.round(performance.now() - begun));
    for (const page of [...pages, third]) await mediaFlows(page);
    const pictures = (await received(third)).lines.filter(({ kind, framesDecoded }) => kind === 'video' && framesDecoded > 0);
    assert.equal(pictures.length, 2, 'the third sees both');
    begun = performance.now();
    await third.evaluate(() => window.client.leave());
    for (const page of pages) await providerIs(page, 'p2p');
    took.p2p.push(Math.round(performance.now() - begun));
    for (const page of pages) await mediaFlows(page);
    for (const page of pages) await page.evaluate(() => window.client.leave());
    for (const page of [...pages, third]) await page.context().close();
    const rows = await sides.stack.sessionRows(room, 3);
    assert.deepEqual(rows.map(({ media_path }) => media_path), ['p2p>relay>p2p', 'p2p>relay>p2p', 'relay']);
  }
  console.log(`to the relay within ${took.relay.join(', ')} ms, back within ${took.p2p.join(', ')} ms`);
});
