// The tap on Janus's own packets against a peer that makes its RTP and RTCP by hand: every figure it ought to come to is
// known to the packet, and what is damaged is counted, not believed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { JanusClient } from '../support/janus_client.mjs';
import { endPeers, kAudioSsrc, kOpus, kVideoSsrc, kVp8 } from '../support/peer_connections.mjs';
import { receiverReport, rtp, senderReport, transportFeedback, vp8KeyFrame } from '../support/rtp_packets.mjs';
import { RtpPeer } from '../support/rtp_peer.mjs';
import { startStack, until } from '../support/stack.mjs';

let stack;
let janus;
let quiet; // somebody who is heard once, and then no more: since when
before(async () => {
  stack = await startStack();
  janus = await JanusClient.connect(stack.webSocket);
  await create('quiet');
  const peer = await RtpPeer.join(janus, { room: 'quiet', user: 'mute' });
  await speak(peer, forSeconds(0.5));
  peer.audio.sendMessageBinary(senderReport({ ssrc: kAudioSsrc, packets: 1 }));
  quiet = { peer, since: performance.now() };
  quiet.asked = peer.sending.next('negotiate', 30_000).then(({ reason }) => ({ reason, afterMs: performance.now() - quiet.since }));
});
after(async () => {
  await endPeers();
  await janus?.destroy();
  await stack?.close();
});

/** Audio each 20 ms and video each 40 ms, as long as `goesOn` says of the seconds so far; `each` is asked which packets to send. */
async function speak(peer, goesOn, each = () => true) {
  const began = performance.now();
  for (let i = 0; goesOn(i / 50); ++i) {
    const wait = began + 20 * i - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (each('audio', i)) peer.audio.sendMessageBinary(rtp({ ssrc: kAudioSsrc, type: kOpus, sequence: 65_500 + i, timestamp: 960 * i }));
    if (i % 2 === 1 || !each('video', i / 2)) continue;
    peer.video.sendMessageBinary(rtp({ ssrc: kVideoSsrc, type: kVp8, sequence: 1000 + i / 2, timestamp: 1800 * i, payload: vp8KeyFrame(320, 180) }));
  }
}

const forSeconds = (seconds) => (spoken) => spoken < seconds;

const malformed = async () => (await stack.admin.ask({ request: 'health' })).malformed_packets;

/** A request travels another way than media and may overtake it: a packet that health counts tells that all before it are there. */
async function allArrived(peer) {
  const before = await malformed();
  const ask = () => {
    peer.audio.sendMessageBinary(transportFeedback(kAudioSsrc, Buffer.alloc(0))); // again, as any packet may be lost
    return malformed();
  };
  await until(ask, (count) => count > before, { what: 'the last packet' });
}

const create = async (room) => (await janus.attach()).ask({ request: 'create', room, videocodec: 'vp8' });
async function rowOf(room, user) {
  const rows = () => stack.rows('SELECT * FROM session_quality_logs WHERE room = $1 AND user_id = $2', [room, user]);
  return (await until(rows, ({ length }) => length > 0, { what: `the row of ${user}` }))[0];
}

test('loss, resolution and frame rate of what is sent, to the packet', async () => {
  await create('sent');
  const peer = await RtpPeer.join(janus, { room: 'sent', user: 'sender' });
  // Of 300 packets of audio 15 are missing, of 150 of video none; the numbers wrap on the way.
  await speak(peer, forSeconds(6), (kind, i) => kind === 'video' || i % 20 !== 10);
  await allArrived(peer);
  const { quality } = await peer.leave();
  const row = await rowOf('sent', 'sender');
  assert.equal(Number(row.packet_loss_in_pct), Number(((100 * 15) / 450).toFixed(3)));
  assert.equal(row.resolution_max, '320x180');
  assert.ok(Math.abs(Number(row.frame_rate_avg) - 25) < 0.5, `frame_rate_avg ${row.frame_rate_avg}`);
  assert.equal(row.packet_loss_out_pct, null, 'nothing was received, so nothing is known of it');
  assert.equal(row.latency_avg_ms, null);
  assert.equal(quality.rating, 'unrated');
});

test('what a receiver reports: its loss less what never reached the server, its jitter, its round trip', async () => {
  await create('reported');
  const sender = await RtpPeer.join(janus, { room: 'reported', user: 'sender' });
  const receiver = await RtpPeer.join(janus, { room: 'reported', user: 'receiver' });
  const lines = await receiver.receive();
  // One in ten packets of audio never reaches the server.
  let enough = false;
  const speaking = speak(sender, () => !enough, (kind, i) => kind === 'video' || i % 10 !== 5);
  const audio = await until(() => lines.find(({ rtp }) => rtp.filter(({ packet }) => packet[1] === kOpus).length > 100));

  // A sender report, answered some 300 ms later as if at once: so long is the way there and back.
  const count = audio.rtcp.length;
  const { at, packet: report } = await until(() => audio.rtcp.slice(count).findLast(({ packet }) => packet[1] === 200), Boolean, { timeoutMs: 5000, everyMs: 5 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const sequences = audio.rtp.map(({ packet }) => packet.readUInt16BE(2));
  const span = Math.max(...sequences) - Math.min(...sequences) + 1;
  const block = {
    ssrc: audio.rtp[0].packet.readUInt32BE(8),
    lost: span - sequences.length + 10, // what never reached the server, and 10 on the way from it
    highest: Math.max(...sequences),
    jitter: 960,
    lastSr: Number((report.readBigUInt64BE(8) >> 16n) & 0xffffffffn),
    delay: 0,
  };
  const roundTripMs = performance.now() - at;
  audio.track.sendMessageBinary(receiverReport(7, [{ ...block, highest: 0x7fff_ffff, lost: 9999 }])); // fits nothing that was relayed
  audio.track.sendMessageBinary(receiverReport(7, [block]));
  await until(() => stack.admin.ask({ request: 'health' }), ({ unattributed_reports }) => unattributed_reports === 1, { what: 'the report that fits nothing' });
  const own = async () => (await stack.admin.ask({ request: 'live', room: 'reported', user_id: 'receiver' })).sessions[0]?.sample;
  await until(own, (sample) => sample?.jitter_ms != null, { what: 'a sample of what was reported' });
  enough = true;
  await speaking;
  await receiver.leave();
  await sender.leave();
  const row = await rowOf('reported', 'receiver');
  const expected = (100 * 10) / sequences.length;
  assert.ok(Math.abs(Number(row.packet_loss_out_pct) - expected) < 1, `packet_loss_out_pct ${row.packet_loss_out_pct}, not ${expected}`);
  assert.ok(Math.abs(Number(row.latency_avg_ms) - roundTripMs) < 20, `latency_avg_ms ${row.latency_avg_ms}, not ${roundTripMs}`);
  assert.ok(Math.abs(Number(row.jitter_avg_ms) - 20) < 3, `jitter_avg_ms ${row.jitter_avg_ms}`);
});

test('damaged RTCP is counted in health, and costs the session nothing', async () => {
  await create('damaged');
  const before = await malformed();
  const peer = await RtpPeer.join(janus, { room: 'damaged', user: 'vandal' });
  // What Janus lets through: it refuses impossible lengths itself.
  const good = senderReport({ ssrc: kAudioSsrc, packets: 1 });
  const feedbackOfNothing = transportFeedback(kAudioSsrc, Buffer.alloc(0));
  const requestWithoutSource = Buffer.concat([good, Buffer.from([0x81, 206, 0, 1, 0, 0, 0x11, 0x11])]);
  const cutShort = Buffer.concat([good, transportFeedback(kAudioSsrc, Buffer.from([0, 1, 0, 9]))]);
  const speaking = speak(peer, forSeconds(2));
  for (const packet of [feedbackOfNothing, requestWithoutSource, cutShort, good]) peer.audio.sendMessageBinary(packet);
  await speaking;
  const counted = await until(malformed, (count) => count >= before + 3, { what: 'three damaged packets' });
  await peer.leave();
  const row = await rowOf('damaged', 'vandal');
  assert.equal(counted, before + 3);
  assert.equal(await malformed(), before + 3, 'of sessions that ended too');
  assert.equal(Number(row.packet_loss_in_pct), 0);
});

test('who is not heard any more, while nothing says that the connection is broken, is asked to restart ICE', async () => {
  const { reason, afterMs } = await quiet.asked;
  assert.equal(reason, 'ice_restart');
  assert.ok(afterMs > 14_500 && afterMs < 20_000, `after ${afterMs} ms`);
  await quiet.peer.leave();
});
