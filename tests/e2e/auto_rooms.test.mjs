// An auto room over a network that gets bad: what goes directly and stays poor for 15 s is moved to the relay, without
// anybody leaving, and the row tells when.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mediaFlows } from '../support/browser.mjs';
import { until } from '../support/stack.mjs';
import { stormPage } from '../support/storm.mjs';
import { TwoSides } from '../support/two_sides.mjs';

let sides;
before(async () => {
  sides = await TwoSides.start({ 'plugin.general.sample_interval': 1000, 'plugin.room-bad.media': 'auto', 'plugin.room-bad.capacity': 2 });
}, { timeout: 60_000 });
after(() => sides?.close());

async function person(side, userId) {
  const page = await stormPage(sides.browsers[side]);
  await page.evaluate(async ([url, userId]) => {
    window.providers = [];
    window.client = new callroom.RoomClient({ url });
    window.client.on('provider', (provider) => window.providers.push({ provider, at: performance.now() }));
    window.client.on('tracks', ({ tracks }) => tracks.forEach(({ track }) => storm.listen(track)));
    for (const source of ['microphone', 'camera']) window.client.publish(window.devices.track(source), source);
    await window.client.join({ room: 'bad', userId });
  }, [sides.stack.webSocket, userId]);
  return page;
}

const provider = (page) => page.evaluate(() => window.client.provider);

// About one time in ten the direct connection across the emulator does not come up within the 10 s it is given, and the
// room is at the relay before its quality can get poor. The cause is not known yet.
const todo = 'a direct connection across the emulator does not come up in every run';

test('quality that stays poor for 15 s moves an auto room to the relay', { timeout: 180_000, todo }, async () => {
  const pages = [await person('near', 'a'), await person('far', 'b')];
  for (const page of pages) {
    await mediaFlows(page);
    assert.equal(await provider(page), 'p2p');
  }
  const begun = performance.now();
  await sides.network.set('both', { loss: 25, delay: 150 });
  for (const page of pages) {
    await until(() => provider(page), (now) => now === 'janus', { timeoutMs: 45_000, what: 'media by Janus' });
  }
  const seconds = (performance.now() - begun) / 1000;
  assert.ok(seconds > 14, `moved after ${seconds} s`);
  await sides.network.set('both');
  for (const page of pages) await mediaFlows(page, { timeoutMs: 20_000 });
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
