// Packets of RTP and RTCP, made and read byte by byte.

/** RFC 5761: payload types 64 to 95 are RTCP's packet types. */
export function isRtcp(packet) {
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

/** @param {{ ssrc: number, ntp?: bigint, timestamp?: number, packets: number, octets?: number }} of */
export function senderReport({ ssrc, ntp = 0n, timestamp = 0, packets, octets = packets * 80 }) {
  const report = words([ssrc, Number(ntp >> 32n), Number(ntp & 0xffffffffn), timestamp, packets, octets]);
  return Buffer.concat([rtcpHeader(0, 200, report.length), report]);
}

export function receiverReport(sender, blocks) {
  const report = words([sender, ...blocks.flatMap(({ ssrc, lost, highest, jitter, lastSr, delay }) => [ssrc, lost & 0xffffff, highest, jitter, lastSr, delay])]);
  return Buffer.concat([rtcpHeader(blocks.length, 201, report.length), report]);
}

/** @param {Buffer} body what follows the two SSRCs, of whole words */
export function transportFeedback(sender, body, media = 0) {
  return Buffer.concat([rtcpHeader(15, 205, 8 + body.length), words([sender, media]), body]);
}

/**
 * The body of a transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1), of run-length chunks.
 * @param {[number, number][]} covered number and time of arrival in ms, in the order of arrival
 */
export function feedbackBody(covered, count) {
  const base = covered[0][0];
  const places = covered.map(([number, at]) => [((number - base) << 16) >> 16, at]).sort(([a], [b]) => a - b);
  const firstPlace = places[0][0];
  const reference = Math.floor(places[0][1] / 64);
  const symbols = [];
  const deltas = [];
  let ticks = reference * 256;
  for (const [place, at] of places) {
    if (place - firstPlace < symbols.length) continue; // twice
    while (symbols.length < place - firstPlace) symbols.push(0);
    const delta = Math.round(at * 4) - ticks;
    ticks += delta;
    symbols.push(delta >= 0 && delta <= 255 ? 1 : 2);
    deltas.push(...(delta >= 0 && delta <= 255 ? [delta] : [(delta >> 8) & 0xff, delta & 0xff]));
  }
  const chunks = [];
  for (let from = 0; from < symbols.length; ) {
    let to = from;
    while (to < symbols.length && symbols[to] === symbols[from]) ++to;
    const chunk = (symbols[from] << 13) | (to - from);
    chunks.push(chunk >> 8, chunk & 0xff);
    from = to;
  }
  const head = Buffer.alloc(8);
  head.writeUInt16BE((base + firstPlace) & 0xffff, 0);
  head.writeUInt16BE(symbols.length, 2);
  head.writeUInt32BE((((reference & 0xffffff) << 8) | count) >>> 0, 4);
  const body = Buffer.concat([head, Buffer.from(chunks), Buffer.from(deltas)]);
  return Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
}

/** Who an SSRC is: a report is to be followed by it. */
export function sourceDescription(ssrc, name) {
  const items = Buffer.alloc(4 * Math.ceil((name.length + 3) / 4)); // ends with a zero at least
  items.set([1, name.length, ...Buffer.from(name)]);
  return Buffer.concat([rtcpHeader(1, 202, 4 + items.length), words([ssrc]), items]);
}

/** The packets of a compound, each with its type, count or format, and place. */
export function* compound(packet) {
  for (let at = 0; at + 4 <= packet.length; at += 4 + 4 * packet.readUInt16BE(at + 2)) {
    yield { at, type: packet[at + 1], format: packet[at] & 0x1f };
  }
}

/** The bytes of a one-byte header extension (RFC 8285), if the packet has it. */
export function extension(packet, id) {
  if ((packet[0] & 0x10) === 0) return undefined;
  let at = 12 + 4 * (packet[0] & 0xf);
  const end = at + 4 + 4 * packet.readUInt16BE(at + 2);
  for (at += 4; at < end; ) {
    const own = packet[at] >> 4;
    const size = own === 0 ? 0 : (packet[at] & 0xf) + 1;
    if (own === id && own !== 0) return packet.subarray(at + 1, at + 1 + size);
    at += 1 + size;
  }
  return undefined;
}

/** Seconds since 1900 and their 2^32th parts. */
export function ntpNow() {
  const us = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) + 2_208_988_800_000_000n;
  return (us << 32n) / 1_000_000n;
}

function rtcpHeader(count, type, bytes) {
  return Buffer.from([0x80 | count, type, 0, bytes / 4]);
}

function words(values) {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * i);
  return bytes;
}
