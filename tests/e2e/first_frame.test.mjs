// From joining to the first decoded frame of the other person, for both people, beside janus.plugin.videoroom in the same
// run, with the same client, devices and codec; the two take turns, so that what else the machine does hits both.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clientPage, launchBrowser } from '../support/browser.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack } from '../support/stack.mjs';

const kLong = process.env.CALLROOM_LONG === '1';
const kRounds = kLong ? 40 : 12;

let stack;
let browser;
before(async () => {
  stack = await startStack({ janus_plugins: 'videoroom' });
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await stack?.close();
});

const plugins = {
  callroom: { package: 'janus.plugin.callroom', join: 'joinCallroom', room: (n) => `race-${n}`, create: { videocodec: 'vp8', capacity: 2 } },
  videoroom: { package: 'janus.plugin.videoroom', join: 'joinVideoroom', room: (n) => 1000 + n, create: { videocodec: 'vp8', publishers: 2, bitrate: 2_000_000 } },
};

test('people see each other no later than in VideoRoom', { timeout: 300_000 }, async (t) => {
  const client = await JanusClient.connect(stack.webSocket);
  const pages = [await clientPage(browser, stack), await clientPage(browser, stack)];
  const times = { callroom: { newcomer: [], there: [] }, videoroom: { newcomer: [], there: [] } };
  for (let round = 0; round < kRounds; ++round) {
    const order = round % 2 === 0 ? ['callroom', 'videoroom'] : ['videoroom', 'callroom'];
    for (const name of order) {
      const { newcomer, there } = await meet(plugins[name], round);
      times[name].newcomer.push(newcomer);
      times[name].there.push(there);
    }
  }
  await client.destroy();

  const table = Object.fromEntries(
    Object.entries(times).map(([name, { newcomer, there }]) => [name, { newcomer: median(newcomer), there: median(there) }]),
  );
  for (const [name, { newcomer, there }] of Object.entries(table)) {
    t.diagnostic(`join to first decoded frame, median of ${kRounds}: ${name} newcomer ${newcomer} ms, the one there ${there} ms`);
  }
  // The machine's scheduling alone moves a median of a dozen rounds by some milliseconds.
  const kSlackMs = kLong ? 0 : 20;
  for (const who of ['newcomer', 'there']) {
    assert.ok(table.callroom[who] <= table.videoroom[who] + kSlackMs, `${who}: ${JSON.stringify(table)}`);
  }

  async function meet({ package: name, join, room, create }, round) {
    const handle = await client.attach(name);
    const answer = await handle.ask({ request: 'create', room: room(round), ...create });
    assert.ok(!answer.error_code, JSON.stringify(answer));
    for (const page of pages) await page.evaluate(async (name) => { window.prepared = await client.prepare(name); }, name);
    const [there, newcomer] = pages;
    const enter = (page, user) =>
      page.evaluate(async ([join, room, user]) => { window.call = await client[join](window.prepared, { room, user }); }, [join, room(round), user]);
    await enter(there, 'a');
    await enter(newcomer, 'b');
    const asked = await newcomer.evaluate(() => window.call.times.asked);
    const seen = await Promise.all(pages.map((page) => page.evaluate(() => window.call.seen)));
    for (const page of pages) await page.evaluate(() => window.prepared.close());
    await handle.detach();
    return { there: seen[0] - asked, newcomer: seen[1] - asked };
  }
});

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return Math.round(sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
}
