// What Janus's event handlers are told: every sample of rooms that have quality_events, and how each session ended.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startEventBackend } from '../support/event_backend.mjs';
import { JanusClient } from '../support/janus_client.mjs';
import { endPeers, kAudioSsrc, kOpus } from '../support/peer_connections.mjs';
import { rtp } from '../support/rtp_packets.mjs';
import { RtpPeer } from '../support/rtp_peer.mjs';
import { startStack, until } from '../support/stack.mjs';

let backend;
let stack;
let janus;
before(async () => {
  backend = await startEventBackend();
  stack = await startStack({ event_backend: backend.url, 'plugin.general.sample_interval': 1000 });
  janus = await JanusClient.connect(stack.webSocket);
});
after(async () => {
  await endPeers();
  await janus?.destroy();
  await stack?.close();
  backend?.close();
});

async function speak(peer, samples) {
  for (let i = 0; samples.length < 2; ++i) {
    peer.audio.sendMessageBinary(rtp({ ssrc: kAudioSsrc, type: kOpus, sequence: i, timestamp: 960 * i }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    samples = backend.told.filter(({ callroom, session_id }) => callroom === 'quality' && session_id === peer.joined.session_id);
  }
  return samples;
}

test('samples and the summary reach event handlers and the participant alike', { timeout: 60_000 }, async () => {
  await (await janus.attach()).ask({ request: 'create', room: 'told', quality_events: true });
  const peer = await RtpPeer.join(janus, { room: 'told', user: 'speaker' });
  const samples = await speak(peer, []);
  const own = await peer.sending.next('quality');
  const left = await peer.leave();
  const summary = await until(() => backend.told.find(({ callroom }) => callroom === 'left'), Boolean, { what: 'the end of the session' });
  assert.deepEqual(samples[0], own);
  assert.ok(own.bandwidth_in_kbps > 0, JSON.stringify(own));
  assert.deepEqual(summary, left);
  assert.equal(summary.reason, 'left');
  assert.equal(summary.quality.rating, 'unrated');
});

test('a room without quality_events tells its sessions\' ends alone', async () => {
  await (await janus.attach()).ask({ request: 'create', room: 'untold' });
  const peer = await RtpPeer.join(janus, { room: 'untold', user: 'speaker' });
  const { session_id } = await peer.leave();
  await until(() => backend.told.some((data) => data.callroom === 'left' && data.session_id === session_id), Boolean, { what: 'the end of the session' });
  assert.ok(!backend.told.some((data) => data.callroom === 'quality' && data.session_id === session_id));
});
