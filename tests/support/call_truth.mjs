// What two pages and the network emulator say of a call: the truth that Callroom's figures are held against.

/** Runs in the page: one reading of every connection's statistics, by m-line. */
export async function readStatistics() {
  const kFields = {
    'outbound-rtp':
      'kind ssrc rtxSsrc packetsSent bytesSent headerBytesSent retransmittedPacketsSent retransmittedBytesSent framesSent keyFramesEncoded ' +
      'frameWidth frameHeight targetBitrate qualityLimitationReason nackCount pliCount firCount',
    'inbound-rtp':
      'kind ssrc packetsReceived packetsLost bytesReceived headerBytesReceived retransmittedPacketsReceived framesReceived framesDecoded ' +
      'framesDropped keyFramesDecoded frameWidth frameHeight jitter nackCount pliCount freezeCount totalFreezesDuration',
    'remote-inbound-rtp': 'kind ssrc roundTripTime roundTripTimeMeasurements totalRoundTripTime jitter packetsLost timestamp',
    'candidate-pair': 'id responsesReceived totalRoundTripTime availableOutgoingBitrate',
  };
  const reading = { at: performance.timeOrigin + performance.now(), outbound: [], inbound: [], remote: [], pairs: [] };
  const lists = { 'outbound-rtp': reading.outbound, 'inbound-rtp': reading.inbound, 'remote-inbound-rtp': reading.remote, 'candidate-pair': reading.pairs };
  for (const connection of window.testConnections) {
    if (connection.connectionState === 'closed') continue;
    const stats = [...(await connection.getStats()).values()];
    const cipher = stats.find(({ type }) => type === 'transport')?.srtpCipher;
    for (const stat of stats) {
      if (!lists[stat.type] || (stat.type === 'candidate-pair' && !(stat.nominated && stat.responsesReceived))) continue;
      lists[stat.type].push({ ...Object.fromEntries(kFields[stat.type].split(' ').map((field) => [field, stat[field]])), cipher });
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

/** SRTP's authentication tag, which the emulator sees and the plugin does not. The two PeerConnections may differ in it. */
function tagBytes([stream]) {
  return stream?.cipher?.includes('GCM') ? 16 : stream?.cipher?.endsWith('_32') ? 4 : 10;
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
 * @param sampleMs of the plugin, to take means over the same stretches of time
 * @param variation in ms, of the round trips by the network's own rules: what they vary by beyond it is the machine's
 * @param outage [from, to] in which nothing got through: frames sent then count nowhere, nor does their time
 */
export function truthOf(readings, counts, sampleMs, variation, outage = [0, 0]) {
  const last = readings.at(-1);
  const tag = tagBytes(last.outbound);
  const ssrcs = (list, kind) => [...new Set(readings.flatMap((reading) => reading[list].filter((s) => !kind || s.kind === kind).map((s) => s.ssrc)))];
  const sent = network(counts.up, ssrcs('outbound'), tag);
  const sentVideo = network(counts.up, ssrcs('outbound', 'video'), tag);
  sent.droppedVideo = sentVideo.offered - sentVideo.delivered;
  const got = network(counts.down, ssrcs('inbound'), tagBytes(last.inbound));
  // What was dropped comes again on a stream of its own, which also carries old packets as padding; some of that is dropped too.
  const again = network(counts.up, [...new Set(readings.flatMap((reading) => reading.outbound.map((stream) => stream.rtxSsrc)))].filter(Boolean), tag);
  const asked = repeatedOnRequest(readings);
  const repaired = Math.min(asked * (1 - again.dropped / Math.max(1, again.packets)), sent.droppedVideo);
  const flowing = (list, field) => {
    const at = readings.findIndex((r) => sum(r[list].map((s) => s[field] ?? 0)) > 0);
    if (at < 0) return 0;
    const began = (readings[at].at + (readings[at - 1]?.at ?? readings[at].at)) / 2; // between these two readings
    return (last.at - began) / 1000;
  };
  const rtt = rttOf(readings, sampleMs, variation);
  const video = (list, field) => last[list].filter((s) => s.kind === 'video').map((s) => s[field] ?? 0);
  return {
    packet_loss_in_pct: (100 * sent.dropped) / Math.max(1, sent.packets),
    packet_loss_out_pct: (100 * got.dropped) / Math.max(1, got.packets),
    latency_avg_ms: rtt.latency_avg_ms,
    latency_p95_ms: rtt.latency_p95_ms,
    jitter_in_ms: mean(fresh(readings, 'remote', 'audio').filter(({ at }) => !pausedBefore(readings, at, audioSent)).map((s) => 1000 * s.jitter)),
    jitter_out_ms: mean(
      readings.slice(3).filter(({ at }) => !pausedBefore(readings, at, audioReceived)).flatMap((r) => r.inbound.filter((s) => s.kind === 'audio').map((s) => 1000 * s.jitter)),
    ),
    bandwidth_in_kbps: ((sent.delivered + repaired) * 8) / 1000 / flowing('outbound', 'packetsSent'),
    bandwidth_out_kbps: (got.offered * 8) / 1000 / flowing('inbound', 'packetsReceived'),
    frame_rate_in: frameRate(readings, 'outbound', 'framesSent', outage),
    sizes_in: sizes(readings, 'outbound'),
    sizes_out: sizes(readings, 'inbound'),
    frames_decoded: sum(video('inbound', 'framesDecoded')),
    doubt: rtt.doubt,
  };
}

/** Bytes that were sent again while somebody asked for packets. Without that they are padding, with which the browser probes. */
function repeatedOnRequest(readings) {
  let bytes = 0;
  for (const [i, { outbound }] of readings.entries()) {
    for (const { ssrc, nackCount = 0, retransmittedBytesSent = 0 } of outbound) {
      const [asked = 0, repeated = 0] = [
        readings[i - 2]?.outbound.find((stream) => stream.ssrc === ssrc)?.nackCount, // what was asked for just before a reading comes after it
        readings[i - 1]?.outbound.find((stream) => stream.ssrc === ssrc)?.retransmittedBytesSent,
      ];
      if (nackCount > asked) bytes += retransmittedBytesSent - repeated;
    }
  }
  return bytes;
}

const audioSent = ({ outbound }) => outbound.find(({ kind }) => kind === 'audio')?.packetsSent ?? 0;
const audioReceived = ({ inbound }) => inbound.find(({ kind }) => kind === 'audio')?.packetsReceived ?? 0;

/** Whether audio stood still not long before: the jitter that the core and browsers tell is then the pause's, for some seconds. */
function pausedBefore(readings, at, packets) {
  return readings.some((reading, i) => i > 0 && reading.at > at - 7000 && reading.at <= at && packets(reading) > 0 && packets(reading) === packets(readings[i - 1]));
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

/**
 * The browser's own round-trip times, each counted once: those of its STUN checks, and those it takes from the reports on what
 * it sends. Neither depends on Janus's clock. They are taken at other moments than the plugin's: `doubt` is how far two such
 * takes of one network may be apart (two standard errors of their difference), which is much where queues come and go; and
 * by as much as a busy machine was late in the browser's takes, it may have been late in the plugin's alone: a browser's reports
 * go through more of its threads than its checks do.
 */
function rttOf(readings, sampleMs, variation) {
  const byStretch = new Map();
  const before = new Map();
  for (const reading of readings) {
    const totals = [
      ...reading.pairs.map((pair) => [pair.id, pair.responsesReceived, pair.totalRoundTripTime]),
      ...reading.remote.map((report) => [`report ${report.ssrc}`, report.roundTripTimeMeasurements, report.totalRoundTripTime]),
    ];
    for (const [id, count = 0, total = 0] of totals) {
      const last = before.get(id);
      before.set(id, { count, total });
      if (!last) continue; // the first ones wait for two pages that start up
      const trips = count - last.count;
      if (trips <= 0) continue;
      const ms = (1000 * (total - last.total)) / trips;
      const stretch = Math.floor((reading.at - readings[0].at) / sampleMs);
      byStretch.set(stretch, [...(byStretch.get(stretch) ?? []), ...Array(trips).fill(ms)]);
    }
  }
  const means = [...byStretch.values()].map(mean);
  const trips = [...byStretch.values()].flat();
  // Of as many moments as there were in a second of each: the two media's reports, and checks, come nearly at once.
  const moments = Math.max(2, trips.length / 3);
  const average = mean(means);
  const spread = Math.sqrt(sum(trips.map((ms) => (ms - average) ** 2)) / Math.max(1, trips.length));
  const kQuantile = 0.95;
  const off = 2 * Math.sqrt((2 * kQuantile * (1 - kQuantile)) / moments);
  const [low, p95, high] = [kQuantile - off, kQuantile, kQuantile + off].map((share) => quantile(trips, Math.min(1, Math.max(0, share))));
  const late = Math.max(0, average - quantile(trips, 0.1) - variation);
  return {
    latency_avg_ms: average,
    latency_p95_ms: p95,
    doubt: { latency_avg_ms: 2 * Math.SQRT2 * (spread / Math.sqrt(moments)) + late, latency_p95_ms: Math.max(p95 - low, high - p95) + late },
  };
}

/** Frames a second while there were frames, and they got through. */
function frameRate(readings, list, field, [from, to]) {
  let frames = 0;
  let ms = 0;
  for (let i = 1; i < readings.length; ++i) {
    const count = (reading) => sum(reading[list].filter((s) => s.kind === 'video').map((s) => s[field] ?? 0));
    const more = count(readings[i]) - count(readings[i - 1]);
    if (more === 0 || count(readings[i - 1]) === 0) continue; // off, or not begun
    if (readings[i].at > from && readings[i - 1].at < to) continue;
    frames += more;
    ms += readings[i].at - readings[i - 1].at;
  }
  return ms ? (1000 * frames) / ms : undefined;
}

function sizes(readings, list) {
  const seen = readings.flatMap((r) => r[list].filter((s) => s.kind === 'video' && s.frameHeight).map((s) => `${s.frameWidth}x${s.frameHeight}`));
  return [...new Set(seen)];
}
