// What Janus's event handlers are told: every sample of rooms that have quality_events, and how each session ended.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { JanusClient } from '../support/janus_client.mjs';
import { endPeers, kAudioSsrc, kOpus, rtp, RtpPeer } from '../support/rtp_peer.mjs';
import { startStack, until } from '../support/stack.mjs';

const told = [];
let backend;
let stack;
let janus;
before(async () => {
  backend = createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const events = JSON.parse(body);
    for (const { event } of Array.isArray(events) ? events : [events]) {
      if (event?.plugin === 'janus.plugin.callroom') told.push(event.data);
    }
    response.end();
  });
  await new Promise((resolve) => backend.listen(0, '127.0.0.1', resolve));
  stack = await startStack({ event_backend: `http://127.0.0.1:${backend.address().port}/`, 'plugin.general.sample_interval': 1000 });
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
    samples = told.filter(({ callroom, session_id }) => callroom === 'quality' && session_id === peer.joined.session_id);
  }
  return samples;
}

test('samples and the summary reach event handlers and the participant alike', { timeout: 60_000 }, async () => {
  await (await janus.attach()).ask({ request: 'create', room: 'told', quality_events: true });
  const peer = await RtpPeer.join(janus, { room: 'told', user: 'speaker' });
  const samples = await speak(peer, []);
  const own = await peer.sending.next('quality');
  const left = await peer.leave();
  const summary = await until(() => told.find(({ callroom }) => callroom === 'left'), Boolean, { what: 'the end of the session' });
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
  await until(() => told.some((data) => data.callroom === 'left' && data.session_id === session_id), Boolean, { what: 'the end of the session' });
  assert.ok(!told.some((data) => data.callroom === 'quality' && data.session_id === session_id));
});
