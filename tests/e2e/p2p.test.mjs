// Rooms whose media goes directly between the people: the call page with ?media=p2p, the rows that their reports come to,
// and rooms that choose between the direct way and the relay.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, leaveCall, mediaFlows, openPage } from '../support/browser.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { startStack, until } from '../support/stack.mjs';

// Three pages that encode and decode each other's pictures share the machine with the servers.
const kCamera = { width: 320, height: 240, frameRate: 15 };

let stack;
let browser;
let host;
before(async () => {
  stack = await startStack({ 'plugin.general.sample_interval': 1000 });
  browser = await launchBrowser();
  host = await (await JanusClient.connect(stack.webSocket)).attach();
});
after(async () => {
  await browser?.close();
  await stack?.close();
});

/** `media`: what is chosen for a room that is new. */
async function join(room, name, media) {
  const page = await openPage(browser, `${stack.web}/?${new URLSearchParams({ room, name })}`, { camera: kCamera });
  await page.waitForFunction(() => document.querySelector('.lobby-preview video')?.srcObject?.active);
  if (media) {
    await page.getByText('If the room is new').click();
    await page.getByLabel('Media goes').selectOption(media);
  }
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  await page.waitForSelector('main.stage');
  return page;
}

async function create(room, settings) {
  const created = await host.ask({ request: 'create', room, quality_events: true, ...settings });
  assert.equal(created.callroom, 'created');
}

const provider = (page) => page.locator('.page').getAttribute('data-provider');
/** Media goes this way, and the connections of the former one are closed: their frames count no more. */
async function providerIs(page, wanted) {
  const open = () => page.evaluate(() => window.testConnections.filter((c) => c.connectionState !== 'closed').length);
  const one = wanted === 'p2p' ? 1 : 2;
  await until(async () => [await provider(page), await open()], ([now, count]) => now === wanted && count === one, {
    timeoutMs: 20_000,
    what: `media by ${wanted}, on ${one} PeerConnections`,
  });
}

test('two pages send to each other directly, and their reports become their rows', async () => {
  const pages = [await join('direct', 'Ada', 'p2p'), await join('direct', 'Grace')];
  for (const page of pages) {
    await mediaFlows(page);
    assert.equal(await provider(page), 'p2p');
  }
  // Janus carries none of it: no PeerConnection of theirs has a packet.
  const { sessions } = await stack.admin.ask({ request: 'live', room: 'direct' });
  assert.deepEqual(sessions.map(({ provider }) => provider), ['p2p', 'p2p']);
  await until(
    async () => (await stack.admin.ask({ request: 'live', room: 'direct' })).sessions,
    (now) => now.length === 2 && now.every(({ sample }) => sample?.frame_rate_out > 0),
    { what: 'reports of both', timeoutMs: 15_000 },
  );
  for (const page of pages) await mediaFlows(page, { frames: 60 });
  for (const page of pages) await leaveCall(page);
  for (const row of await stack.sessionRows('direct', 2)) {
    assert.equal(row.provider, 'p2p');
    assert.equal(row.media_path, 'p2p');
    assert.equal(row.measured_by, 'client');
    assert.equal(row.candidate_type, 'host');
    assert.equal(row.protocol, 'udp');
    assert.ok(row.negotiations >= 1, `negotiations ${row.negotiations}`);
    assert.ok(row.samples >= 2, `samples ${row.samples}`);
    assert.match(row.resolution_max, /^\d{3,4}x\d{3}$/);
    assert.equal(Number(row.connection_drops), 0);
    for (const figure of ['latency_avg_ms', 'bandwidth_in_kbps', 'bandwidth_out_kbps', 'frame_rate_avg']) {
      assert.notEqual(row[figure], null, figure);
    }
  }
  for (const page of pages) {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('the list of participants has one\'s own role towards each, for who is in the room', async () => {
  await create('roles', { media: 'p2p' });
  const handles = [];
  for (const user_id of ['b', 'a']) {
    const handle = await (await JanusClient.connect(stack.webSocket)).attach();
    assert.equal((await handle.ask({ request: 'join', room: 'roles', user_id })).callroom, 'joined');
    handles.push(handle);
  }
  const seen = [];
  for (const handle of [...handles, host]) {
    const { participants } = await handle.ask({ request: 'participants', room: 'roles' });
    seen.push(participants.map(({ user_id, role }) => [user_id, role]));
  }
  assert.deepEqual(seen, [[['b', undefined], ['a', 'polite']], [['b', 'impolite'], ['a', undefined]], [['b', undefined], ['a', undefined]]]);
});

/**
 * No candidate of a direct connection gets through, as with a firewall between the two: neither those trickled nor those in a
 * description, which has them from the second offer on. Only Chromium's own descriptions say extmap-allow-mixed.
 */
function wallOff() {
  const { addIceCandidate, setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    this.direct = sdp.includes('a=extmap-allow-mixed');
    return setRemoteDescription.call(this, { type, sdp: this.direct ? sdp.replace(/^a=candidate:.*\r\n/gm, '') : sdp });
  };
  RTCPeerConnection.prototype.addIceCandidate = function (candidate) {
    return this.direct ? Promise.resolve() : addIceCandidate.call(this, candidate);
  };
}

test('an auto room whose people cannot reach each other goes through Janus', async () => {
  await create('walled', { media: 'auto' });
  const pages = [];
  for (const name of ['Ada', 'Grace']) {
    const page = await openPage(browser, `${stack.web}/?${new URLSearchParams({ room: 'walled', name })}`, { camera: kCamera });
    await page.evaluate(wallOff);
    await page.waitForFunction(() => document.querySelector('.lobby-preview video')?.srcObject?.active);
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await page.waitForSelector('main.stage');
    pages.push(page);
  }
  for (const page of pages) {
    await providerIs(page, 'janus');
    await mediaFlows(page);
  }
  for (const page of pages) await leaveCall(page);
  const rows = await stack.sessionRows('walled', 2);
  assert.deepEqual(rows.map(({ media_path }) => media_path), ['p2p>relay', 'p2p>relay']);
  for (const page of pages) await page.context().close();
});
