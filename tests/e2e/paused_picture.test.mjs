// What the call page shows of a picture that a person's network has no room for.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { joinCall, launchBrowser } from '../support/browser.mjs';
import { writeMovingPicture } from '../support/moving_picture.mjs';
import { NetEmulator } from '../support/net_emulator.mjs';
import { startStack, until } from '../support/stack.mjs';

const kSkip = { skip: process.getuid() !== 0 && 'takes root: network namespaces' };
const kNames = ['Ada', 'Grace', 'Joan'];
const kNote = 'Picture paused: your network is too slow';
const kNoRoomKbps = 140; // for more than the sound of two; of this picture the smallest size takes some 100
const kCamera = { width: 640, height: 360, frameRate: 15 };

describe('a network without room for pictures', { ...kSkip, timeout: 150_000 }, () => {
  let folder;
  let network;
  let stack;
  let browser;
  const people = [];
  before(async () => {
    folder = await mkdtemp(`${tmpdir()}/paused-picture-`);
    await writeMovingPicture(`${folder}/film.y4m`, kCamera);
    network = await NetEmulator.start();
    stack = await startStack({ ...network.stackSettings, services: 'postgres janus nginx' });
    browser = await launchBrowser([`--use-file-for-fake-video-capture=${folder}/film.y4m`]);
    for (const name of kNames) people.push(await joinCall(browser, stack, { room: 'narrow', name, camera: kCamera }));
  });
  after(async () => {
    await browser?.close();
    await stack?.close();
    await network?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Of everybody else, in the order of their names: what the tile shows, says, and whether there is a picture in it. */
  const tilesOf = async (page) => {
    const tiles = await page.$$eval('.tile:not(.self)', (all) =>
      all.map((tile) => ({
        name: tile.querySelector('.tile-name').textContent,
        picture: tile.dataset.picture,
        note: tile.querySelector('[role=status]').textContent,
        frames: tile.querySelector('video').getVideoPlaybackQuality().totalVideoFrames,
        hasPicture: tile.querySelector('video').videoWidth > 0,
        audible: tile.querySelector('video').srcObject?.getAudioTracks().some(({ readyState, muted }) => readyState === 'live' && !muted),
      })),
    );
    return tiles.sort((a, b) => a.name.localeCompare(b.name));
  };
  const moves = async (page, what) => {
    const before = await tilesOf(page);
    return await until(
      () => tilesOf(page),
      (now) => now.length === 2 && now.every(({ picture, frames }, i) => picture === 'moving' && frames > (before[i]?.frames ?? 0) + 10),
      { timeoutMs: 60_000, what },
    );
  };
  const portsOf = (page) =>
    page.evaluate(async () => {
      const ports = [];
      for (const connection of window.testConnections.filter(({ connectionState }) => connectionState === 'connected')) {
        const stats = await connection.getStats();
        for (const { type, selectedCandidatePairId } of stats.values()) {
          if (type === 'transport') ports.push(stats.get(stats.get(selectedCandidatePairId).localCandidateId).port);
        }
      }
      return ports;
    });

  test('the last picture stays, the tile says why, and the others see no change', async () => {
    const [ada, ...others] = people;
    for (const [i, page] of people.entries()) await moves(page, `${kNames[i]} sees both others`);
    const ports = await portsOf(ada);
    await network.set('down', { ports, rate: kNoRoomKbps });
    const paused = await until(
      async () => (await tilesOf(ada)).filter(({ picture }) => picture === 'paused'),
      ({ length }) => length > 0,
      { timeoutMs: 40_000, what: 'a picture is paused' },
    );
    for (const { name, note, hasPicture, audible } of paused) {
      assert.deepEqual({ note, hasPicture, audible }, { note: `${name}: ${kNote}`, hasPicture: true, audible: true });
    }
    await ada.locator('.tile.self .badge-limit').getByText('your network').waitFor();
    const told = (await Promise.all(others.map(tilesOf))).flat();
    assert.ok(told.every(({ picture, note }) => picture === 'moving' && note === ''), JSON.stringify(told));
  });

  test('it moves again, and says no more, once there is room', async () => {
    const [ada] = people;
    await network.set('down', { ports: await portsOf(ada) });
    const tiles = await moves(ada, 'both pictures move again');
    assert.deepEqual(tiles.map(({ note }) => note), ['', '']);
    for (const page of people) assert.deepEqual(page.complaints, []);
  });
});
