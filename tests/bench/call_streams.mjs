// What one person of tests/bench/call_cpu sends and how they answer what they receive, packet for packet as a browser does:
// Opus 50 times a second; VP8 frames of several packets, key frames where asked; header extensions; sender and receiver
// reports; transport-wide feedback.
import { randomBytes } from 'node:crypto';
import { kAudioSsrc, kOpus, kVideoSsrc, kVp8 } from '../support/peer_connections.mjs';
import { compound, extension, feedbackBody, isRtcp, ntpNow, receiverReport, senderReport, sourceDescription, transportFeedback } from '../support/rtp_packets.mjs';

const kTransportWide = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const kAudioLevel = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const kMid = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const extensionLines = (uris) => uris.map((uri, i) => `a=extmap:${i + 1} ${uri}`);

// What a person can do; the plugin's answers and offers say what of it is done.
const kExtensions = {
  // VideoRoom takes no transport-wide numbers on audio. Callroom does where they are offered, and each costs the core.
  common: { audio: [kMid, kAudioLevel], video: [kMid, kTransportWide] },
  browser: { audio: [kMid, kTransportWide, kAudioLevel], video: [kMid, kTransportWide] },
};

/** Further lines of what a person offers to send. */
export const offeredLines = (terms) => ({
  audio: [...extensionLines(kExtensions[terms].audio), 'a=rtcp-fb:111 transport-cc'],
  video: [...extensionLines(kExtensions[terms].video), 'a=rtcp-fb:96 transport-cc', 'a=rtcp-fb:96 ccm fir'],
});

/** An offer without the extensions that a person does not take. */
export function takenOf(offerSdp, terms) {
  return mLines(offerSdp, (kind, line) => line.replace(/^a=extmap:\S+ (\S+)\r\n/gm, (whole, uri) => (kExtensions[terms][kind].includes(uri) ? whole : '')));
}

/** A description with each m-line made another. */
function mLines(sdp, change) {
  return sdp.split(/^(?=m=)/m).map((part) => (part.startsWith('m=') ? change(part.slice(2, part.indexOf(' ')), part) : part)).join('');
}

/** Which extensions an m-line has: ids by URI. */
function extensionsOf(sdp, kind) {
  const line = sdp.split(/^m=/m).find((part) => part.startsWith(kind)) ?? '';
  return new Map([...line.matchAll(/^a=extmap:(\d+)\S* (\S+)\r$/gm)].map(([, id, uri]) => [uri, Number(id)]));
}

const kAudioMs = 20;
const kAudioBytes = 80; // 32 kbit/s
const kMostPayload = 1150;
const kKeyFrameTimes = 5; // as large as others
const kVideoReportMs = 1000;
const kAudioReportMs = 5000;
const kFeedbackMs = 70;
// Claimed by reports. Janus keeps what it sent, to send it again, only where it knows of a round trip of 1 ms at least: on
// loopback it would of some m-lines and not of others.
const kRoundTripMs = 40;
const kOwnSsrc = 1; // of who only receives, as Chrome's

export class SentMedia {
  packets = { audio: 0, video: 0 };
  keyFrames = 0;
  heard = { reports: 0, transportWide: 0, nack: 0, keyFrame: 0, remb: 0, other: 0 }; // RTCP that came back
  #transportWide = 0;
  #keyFrameWanted = true;
  #frame = 0;
  #octets = { audio: 0, video: 0 };

  /**
   * @param {{ audio, video }} tracks
   * @param {string} answerSdp
   * @param {{ kbps: number, fps: number }} options of the video
   */
  constructor(tracks, answerSdp, { kbps, fps }) {
    this.tracks = tracks;
    this.frameMs = 1000 / fps;
    this.frameBytes = (kbps * 1000) / 8 / fps;
    this.header = {
      audio: headerOf({ type: kOpus, ssrc: kAudioSsrc, mid: '0', extensions: extensionsOf(answerSdp, 'audio') }),
      video: headerOf({ type: kVp8, ssrc: kVideoSsrc, mid: '1', extensions: extensionsOf(answerSdp, 'video') }),
    };
    for (const track of [tracks.audio, tracks.video]) track.onMessage((packet) => this.#hear(packet));
  }

  /** All begins at this moment, or a part of a frame later. */
  start(now) {
    const phase = Math.random();
    this.next = { audio: now + phase * kAudioMs, video: now + phase * this.frameMs, audioReport: now + phase * kAudioReportMs, videoReport: now + phase * kVideoReportMs };
    this.began = now;
  }

  /** Sends what is due. */
  tick(now) {
    const { next } = this;
    for (; next.audio <= now; next.audio += kAudioMs) this.#sendAudio();
    for (; next.video <= now; next.video += this.frameMs) this.#sendFrame();
    for (; next.audioReport <= now; next.audioReport += kAudioReportMs) this.#report('audio', kAudioSsrc, 48 * (now - this.began));
    for (; next.videoReport <= now; next.videoReport += kVideoReportMs) this.#report('video', kVideoSsrc, 90 * (now - this.began));
  }

  #sendAudio() {
    this.#send('audio', kNoise.subarray(0, kAudioBytes), 960 * this.packets.audio);
  }

  #sendFrame() {
    const key = this.#keyFrameWanted;
    this.#keyFrameWanted = false;
    if (key) ++this.keyFrames;
    const bytes = this.frameBytes * (key ? kKeyFrameTimes : 1);
    const count = Math.ceil(bytes / kMostPayload);
    const size = Math.round(bytes / count);
    for (let i = 0; i < count; ++i) {
      const payload = Buffer.concat([vp8Start({ key, first: i === 0, picture: this.#frame }), kNoise.subarray(0, size)]);
      this.#send('video', payload.subarray(0, size), Math.round(90 * this.frameMs * this.#frame), i === count - 1);
    }
    ++this.#frame;
  }

  #send(kind, payload, timestamp, ends = false) {
    const { bytes, transportWideAt } = this.header[kind];
    const packet = Buffer.concat([bytes, payload]);
    if (ends) packet[1] |= 0x80;
    packet.writeUInt16BE(this.packets[kind] & 0xffff, 2);
    packet.writeUInt32BE(timestamp % 2 ** 32, 4);
    if (transportWideAt) packet.writeUInt16BE(this.#transportWide++ & 0xffff, transportWideAt);
    if (!this.tracks[kind].sendMessageBinary(packet)) throw new Error(`a packet of ${kind} was not taken`);
    ++this.packets[kind];
    this.#octets[kind] += payload.length;
  }

  #report(kind, ssrc, timestamp) {
    const report = senderReport({ ssrc, ntp: ntpNow(), timestamp: Math.round(timestamp), packets: this.packets[kind], octets: this.#octets[kind] });
    this.tracks[kind].sendMessageBinary(Buffer.concat([report, sourceDescription(ssrc, 'person')]));
  }

  #hear(packet) {
    for (const { type, format } of compound(packet)) {
      const kind = kRtcp[type]?.[format] ?? (type === 200 || type === 201 ? 'reports' : 'other');
      ++this.heard[kind];
      if (kind === 'keyFrame') this.#keyFrameWanted = true;
    }
  }
}

const kRtcp = { 205: { 1: 'nack', 15: 'transportWide' }, 206: { 1: 'keyFrame', 4: 'keyFrame', 15: 'remb' } };

export class ReceivedMedia {
  packets = { audio: 0, video: 0 };
  feedback = 0; // RTCP that was given
  #lines = new Map();
  #covered = [];
  #feedbackCount = 0;

  constructor(offerSdp) {
    this.transportWideId = extensionsOf(offerSdp, 'video').get(kTransportWide);
  }

  see(track) {
    const audio = track.type() === 'audio';
    const line = { kind: track.type(), track, clock: audio ? 48 : 90, reportMs: audio ? kAudioReportMs : kVideoReportMs, received: 0, jitter: 0 };
    this.#lines.set(line.kind, line);
    track.onMessage((packet) => (isRtcp(packet) ? hearSenderReport(line, packet) : this.#take(line, packet)));
  }

  start(now) {
    const phase = Math.random();
    this.nextFeedback = now + phase * kFeedbackMs;
    for (const line of this.#lines.values()) line.nextReport = now + phase * line.reportMs;
  }

  tick(now) {
    if (now >= this.nextFeedback) {
      this.nextFeedback += kFeedbackMs;
      if (this.#covered.length > 0) this.#giveFeedback();
    }
    for (const line of this.#lines.values()) {
      if (now < line.nextReport) continue;
      line.nextReport += line.reportMs;
      if (line.highest !== undefined) this.#report(line, now);
    }
  }

  #take(line, packet) {
    const now = performance.now();
    ++this.packets[line.kind];
    const sequence = packet.readUInt16BE(2);
    if (line.highest === undefined) line.first = line.highest = sequence;
    const step = ((sequence - line.highest) << 16) >> 16;
    if (step > 0) line.highest += step;
    ++line.received;
    const transit = now * line.clock - packet.readUInt32BE(4);
    if (line.transit !== undefined) line.jitter += (Math.abs(transit - line.transit) - line.jitter) / 16;
    line.transit = transit;
    line.ssrc = packet.readUInt32BE(8);
    const number = this.transportWideId && extension(packet, this.transportWideId)?.readUInt16BE(0);
    if (number !== undefined) this.#covered.push([number, now]);
  }

  #report(line, now) {
    const delay = line.reportedAt === undefined ? 0 : Math.max(0, Math.round(((now - line.reportedAt - kRoundTripMs) * 65536) / 1000));
    const block = { ssrc: line.ssrc, lost: lost(line), highest: line.highest, jitter: Math.round(line.jitter), lastSr: line.lastSr ?? 0, delay };
    ++this.feedback;
    line.track.sendMessageBinary(Buffer.concat([receiverReport(kOwnSsrc, [block]), sourceDescription(kOwnSsrc, 'person')]));
  }

  #giveFeedback() {
    const body = feedbackBody(this.#covered, this.#feedbackCount++ & 0xff);
    this.#covered = [];
    const { track, ssrc } = this.#lines.get('video');
    if (ssrc === undefined) return;
    ++this.feedback;
    track.sendMessageBinary(transportFeedback(kOwnSsrc, body, ssrc)); // Janus goes by the media's SSRC
  }
}

const lost = ({ highest, first, received }) => Math.max(0, highest - first + 1 - received);

function hearSenderReport(line, packet) {
  for (const { type, at } of compound(packet)) {
    if (type !== 200) continue;
    line.lastSr = packet.readUInt32BE(at + 10);
    line.reportedAt = performance.now();
  }
}

// --- bytes ------------------------------------------------------------------------------------------------------------

const kNoise = randomBytes(kMostPayload);

/** A header with the one-byte extensions (RFC 8285) that were agreed on, and where in it the transport-wide number goes. */
function headerOf({ type, ssrc, mid, extensions }) {
  const values = { [kTransportWide]: [0, 0], [kMid]: [mid.charCodeAt(0)], [kAudioLevel]: [0x9e] };
  const elements = [];
  let transportWideAt;
  for (const [uri, id] of extensions) {
    if (uri === kTransportWide) transportWideAt = 12 + 4 + elements.length + 1;
    elements.push((id << 4) | (values[uri].length - 1), ...values[uri]);
  }
  while (elements.length % 4 !== 0) elements.push(0);
  const fixed = Buffer.alloc(12);
  fixed.set([0x90, type]);
  fixed.writeUInt32BE(ssrc, 8);
  return { bytes: Buffer.concat([fixed, Buffer.from([0xbe, 0xde, 0, elements.length / 4, ...elements])]), transportWideAt };
}

/** Payload descriptor with a picture id of 15 bits (RFC 7741), and the frame's tag (RFC 6386), of 640 x 480. */
function vp8Start({ key, first, picture }) {
  const descriptor = [first ? 0x90 : 0x80, 0x80, 0x80 | ((picture >> 8) & 0x7f), picture & 0xff];
  const tag = key ? [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01] : [0x31, 0x02, 0x00];
  return Buffer.from(first ? [...descriptor, ...tag] : descriptor);
}
