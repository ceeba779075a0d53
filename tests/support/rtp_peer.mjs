// A participant without a browser, whose RTP and RTCP the test makes by hand, byte by byte: what it tells the server is
// known exactly. node-datachannel does ICE, DTLS and SRTP.
//
//   const peer = await RtpPeer.join(janus, { room: 'r', user: 'u' });   // sends on one PeerConnection
//   peer.audio.sendMessageBinary(rtp({ … }));
//   const reports = await peer.receive();                               // and receives on the other
import nodeDataChannel from 'node-datachannel';
import { until } from './stack.mjs';

export const kAudioSsrc = 0x1111;
export const kVideoSsrc = 0x2222;
export const kOpus = 111;
export const kVp8 = 96;

// Held until the end: a track of node-datachannel that is collected while its connection lives leaves callbacks and a list
// entry that point to where it was, and the next packet or cleanup() crashes the process.
const connections = [];
const tracks = [];

export class RtpPeer {
  /** @param {import('./janus_client.mjs').JanusClient} janus */
  static async join(janus, { room, user }) {
    const peer = new RtpPeer();
    peer.janus = janus;
    peer.sending = await janus.attach();
    peer.joined = await peer.sending.ask({ request: 'join', room, user_id: user });
    const connection = peer.#connection(`${user}-sends`);
    const audio = new nodeDataChannel.Audio('0', 'SendOnly');
    audio.addOpusCodec(kOpus);
    audio.addSSRC(kAudioSsrc, user, user, 'audio');
    const video = new nodeDataChannel.Video('1', 'SendOnly');
    video.addVP8Codec(kVp8);
    video.addSSRC(kVideoSsrc, user, user, 'video');
    peer.audio = connection.addTrack(audio);
    peer.video = connection.addTrack(video);
    tracks.push(peer.audio, peer.video);
    connection.setLocalDescription();
    const { jsep } = await peer.sending.ask({ request: 'negotiate', negotiation: 1 }, await described(connection));
    connection.setRemoteDescription(jsep.sdp, jsep.type);
    await until(() => peer.audio.isOpen() && peer.video.isOpen(), Boolean, { what: 'the sending PeerConnection' });
    return peer;
  }

  /** Takes the plugin's offer. The receiving tracks, by mid, each with the RTP and RTCP that came on it. */
  async receive() {
    this.receiving = await this.janus.attach();
    const { session_id, receive_token } = this.joined;
    const offer = await this.receiving.ask({ request: 'receive', session_id, receive_token });
    const connection = this.#connection('receives');
    const lines = [];
    connection.onTrack((track) => {
      const line = { mid: track.mid(), track, rtp: [], rtcp: [] };
      track.onMessage((packet) => (isRtcp(packet) ? line.rtcp : line.rtp).push({ at: performance.now(), packet: Buffer.from(packet) }));
      lines.push(line);
      tracks.push(track);
    });
    connection.setRemoteDescription(offer.jsep.sdp, offer.jsep.type);
    const answer = await described(connection);
    await this.receiving.ask({ request: 'answer', negotiation: offer.negotiation }, answer);
    await until(() => lines.length > 0 && lines.every(({ track }) => track.isOpen()), Boolean, { what: 'the receiving PeerConnection' });
    return lines;
  }

  async leave() {
    return await this.sending.ask({ request: 'leave' });
  }

  #connection(name) {
    const connection = new nodeDataChannel.PeerConnection(name, { iceServers: [] });
    connections.push(connection);
    return connection;
  }
}

/** Closes every connection and lets the process end. A connection says at once that it is closed; its tracks, when they are. */
export async function endPeers() {
  for (const connection of connections) connection.close();
  await until(() => tracks.every((track) => track.isClosed()), Boolean, { what: 'closed tracks' });
  nodeDataChannel.cleanup();
}

async function described(connection) {
  await until(() => connection.gatheringState() === 'complete' && connection.localDescription(), Boolean, { what: 'candidates' });
  return connection.localDescription();
}

/** RFC 5761: payload types 64 to 95 are RTCP's packet types. */
function isRtcp(packet) {
  const type = packet[1] & 0x7f;
  return type >= 64 && type <= 95;
}

/** A packet of RTP. */
export function rtp({ ssrc, type, sequence, timestamp, payload = Buffer.alloc(80) }) {
  const header = Buffer.alloc(12);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(type, 1);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

/** The start of a VP8 key frame of this size: payload descriptor, frame tag, start code, dimensions (RFC 7741, RFC 6386). */
export function vp8KeyFrame(width, height, bytes = 500) {
  const payload = Buffer.alloc(bytes);
  payload.set([0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a]);
  payload.writeUInt16LE(width, 7);
  payload.writeUInt16LE(height, 9);
  return payload;
}

export function senderReport({ ssrc, packets, octets = packets * 80 }) {
  const report = words([ssrc, 0, 0, 0, packets, octets]);
  return Buffer.concat([rtcpHeader(0, 200, report.length), report]);
}

export function receiverReport(sender, blocks) {
  const report = words([sender, ...blocks.flatMap(({ ssrc, lost, highest, jitter, lastSr, delay }) => [ssrc, lost & 0xffffff, highest, jitter, lastSr, delay])]);
  return Buffer.concat([rtcpHeader(blocks.length, 201, report.length), report]);
}

/** @param {Buffer} body what follows the two SSRCs, of whole words */
export function transportFeedback(sender, body) {
  return Buffer.concat([rtcpHeader(15, 205, 8 + body.length), words([sender, 0]), body]);
}

function rtcpHeader(count, type, bytes) {
  return Buffer.from([0x80 | count, type, 0, bytes / 4]);
}

function words(values) {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * i);
  return bytes;
}
