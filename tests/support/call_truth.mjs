// What two pages and the network emulator say of a call: the truth that Callroom's figures are held against.

/** Runs in the page: one reading of every connection's statistics, by m-line. */
export async function readStatistics() {
  const reading = { at: performance.timeOrigin + performance.now(), outbound: [], inbound: [], remote: [], pairs: [], cipher: undefined };
  for (const connection of window.testConnections) {
    if (connection.connectionState === 'closed') continue;
    for (const stat of (await connection.getStats()).values()) {
      if (stat.type === 'outbound-rtp') {
        const { kind, ssrc, packetsSent, bytesSent, headerBytesSent, retransmittedPacketsSent, retransmittedBytesSent, framesSent, frameWidth, frameHeight } = stat;
        reading.outbound.push({ kind, ssrc, packetsSent, bytesSent, headerBytesSent, retransmittedPacketsSent, retransmittedBytesSent, framesSent, frameWidth, frameHeight });
      } else if (stat.type === 'inbound-rtp') {
        const { kind, ssrc, packetsReceived, packetsLost, bytesReceived, headerBytesReceived, framesReceived, framesDecoded, frameWidth, frameHeight, jitter } = stat;
        reading.inbound.push({ kind, ssrc, packetsReceived, packetsLost, bytesReceived, headerBytesReceived, framesReceived, framesDecoded, frameWidth, frameHeight, jitter });
      } else if (stat.type === 'remote-inbound-rtp') {
        const { kind, ssrc, roundTripTime, roundTripTimeMeasurements, totalRoundTripTime, jitter, packetsLost, timestamp } = stat;
        reading.remote.push({ kind, ssrc, roundTripTime, roundTripTimeMeasurements, totalRoundTripTime, jitter, packetsLost, timestamp });
      } else if (stat.type === 'candidate-pair' && stat.nominated && stat.responsesReceived) {
        reading.pairs.push({ id: stat.id, trips: stat.responsesReceived, total: stat.totalRoundTripTime });
      } else if (stat.type === 'transport') {
        reading.cipher = stat.srtpCipher ?? reading.cipher;
      }
    }
  }
  return reading;
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => (values.length ? sum(values) / values.length : undefined);

export function quantile(values, share) {
  if (!values.length) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below] + (at - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}

/** SRTP's authentication tag, which the emulator sees and the plugin does not. */
function tagBytes(cipher) {
  return cipher?.includes('GCM') ? 16 : cipher?.endsWith('_32') ? 4 : 10;
}

/** Packets offered and dropped of the streams with these SSRCs, and the bytes of RTP that got through or were offered. */
function network(counts, ssrcs, tag) {
  const streams = ssrcs.map((ssrc) => counts[ssrc]).filter(Boolean);
  const packets = sum(streams.map((stream) => stream.packets));
  const dropped = sum(streams.map((stream) => stream.dropped));
  const offered = sum(streams.map((stream) => stream.bytes)) - tag * packets;
  const delivered = offered - (sum(streams.map((stream) => stream.droppedBytes)) - tag * dropped);
  return { packets, dropped, offered, delivered };
}

/**
 * The truth about one page's call.
 * @param readings of readStatistics(), one a second or so
 * @param counts of NetEmulator.counts() at the end
 * @param sampleMs of the plugin, to take medians over the same stretches of time
 */
export function truthOf(readings, counts, sampleMs) {
  const last = readings.at(-1);
  const tag = tagBytes(last.cipher);
  const ssrcs = (list, kind) => [...new Set(readings.flatMap((reading) => reading[list].filter((s) => !kind || s.kind === kind).map((s) => s.ssrc)))];
  const sent = network(counts.up, ssrcs('outbound'), tag);
  const sentVideo = network(counts.up, ssrcs('outbound', 'video'), tag);
  sent.droppedVideo = sentVideo.offered - sentVideo.delivered;
  const got = network(counts.down, ssrcs('inbound'), tag);
  // What was dropped comes again, and some of that is dropped too; what was only overtaken comes twice and counts once.
  const again = sum(last.outbound.map((stream) => stream.retransmittedBytesSent ?? 0));
  const repaired = Math.min(again, sent.droppedVideo) * (1 - sent.dropped / Math.max(1, sent.packets));
  const flowing = (list, field) => {
    const at = readings.findIndex((r) => sum(r[list].map((s) => s[field] ?? 0)) > 0);
    if (at < 0) return 0;
    const began = (readings[at].at + (readings[at - 1]?.at ?? readings[at].at)) / 2; // between these two readings
    return (last.at - began) / 1000;
  };
  const video = (list, field) => last[list].filter((s) => s.kind === 'video').map((s) => s[field] ?? 0);
  return {
    packet_loss_in_pct: (100 * sent.dropped) / Math.max(1, sent.packets),
    packet_loss_out_pct: (100 * got.dropped) / Math.max(1, got.packets),
    ...rttOf(readings, sampleMs),
    jitter_in_ms: mean(fresh(readings, 'remote', 'audio').map((s) => 1000 * s.jitter)),
    jitter_out_ms: mean(readings.slice(3).flatMap((r) => r.inbound.filter((s) => s.kind === 'audio').map((s) => 1000 * s.jitter))),
    bandwidth_in_kbps: ((sent.delivered + repaired) * 8) / 1000 / flowing('outbound', 'packetsSent'),
    bandwidth_out_kbps: (got.offered * 8) / 1000 / flowing('inbound', 'packetsReceived'),
    frame_rate_in: frameRate(readings, 'outbound', 'framesSent'),
    sizes_in: sizes(readings, 'outbound'),
    sizes_out: sizes(readings, 'inbound'),
    frames_decoded: sum(video('inbound', 'framesDecoded')),
  };
}

/** Each report once: a reading shows the last one again until there is another. */
function fresh(readings, list, kind) {
  const seen = new Set();
  const entries = [];
  for (const reading of readings) {
    for (const stat of reading[list]) {
      const key = `${stat.ssrc} ${stat.timestamp}`;
      if (seen.has(key) || (kind && stat.kind !== kind)) continue;
      seen.add(key);
      entries.push({ at: reading.at, ...stat });
    }
  }
  return entries;
}

/** The browser's own round-trip times, of its STUN checks: each is counted once, and none depends on Janus's clock. */
function rttOf(readings, sampleMs) {
  const trips = [];
  const byStretch = new Map();
  const before = new Map();
  for (const reading of readings) {
    for (const { id, trips: count, total } of reading.pairs) {
      const last = before.get(id) ?? { count: 0, total: 0 };
      before.set(id, { count, total });
      if (count <= last.count) continue;
      const ms = (1000 * (total - last.total)) / (count - last.count);
      for (let i = last.count; i < count; ++i) trips.push(ms);
      const stretch = Math.floor((reading.at - readings[0].at) / sampleMs);
      byStretch.set(stretch, [...(byStretch.get(stretch) ?? []), ms]);
    }
  }
  const medians = [...byStretch.values()].map((values) => quantile(values, 0.5));
  return { latency_avg_ms: mean(medians), latency_p95_ms: quantile(medians, 0.95) };
}

/** Frames a second while there were frames. */
function frameRate(readings, list, field) {
  let frames = 0;
  let ms = 0;
  for (let i = 1; i < readings.length; ++i) {
    const count = (reading) => sum(reading[list].filter((s) => s.kind === 'video').map((s) => s[field] ?? 0));
    const more = count(readings[i]) - count(readings[i - 1]);
    if (more === 0 || count(readings[i - 1]) === 0) continue; // off, or not begun
    frames += more;
    ms += readings[i].at - readings[i - 1].at;
  }
  return ms ? (1000 * frames) / ms : undefined;
}

function sizes(readings, list) {
  const seen = readings.flatMap((r) => r[list].filter((s) => s.kind === 'video' && s.frameHeight).map((s) => `${s.frameWidth}x${s.frameHeight}`));
  return [...new Set(seen)];
}
