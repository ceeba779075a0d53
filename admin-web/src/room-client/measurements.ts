// From two statistics reports of a browser to one sample, as the quality model names its quantities. Pure.

interface Totals {
  packets: number;
  lost: number;
  bytes: number;
  frames: number;
  freezes: number;
  freezeS: number;
}

export interface TransportUsed {
  candidate_type: string;
  protocol: string;
  relay_url?: string;
}

export interface Snapshot {
  atMs: number;
  in: Totals;
  out: Totals;
  jitterMs?: number;
  outLossPct?: number;
  rttMs?: number;
  frameHeight?: number;
  frameWidth?: number;
  outHeight?: number;
  outWidth?: number;
  transport?: TransportUsed;
}

/** One sample: of the time between two snapshots. What was not measured is absent. */
export interface Sample {
  interval_ms: number;
  rtt_ms?: number;
  jitter_ms?: number;
  loss_in_pct?: number;
  loss_out_pct?: number;
  bitrate_in_kbps: number;
  bitrate_out_kbps: number;
  frame_rate_in?: number;
  frame_rate_out?: number;
  resolution_in?: string;
  resolution_out?: string;
  freeze_count?: number;
  freeze_ms?: number;
}

type Stat = Record<string, number | string | boolean | undefined> & { type: string; id: string; timestamp: number };

const zero = (): Totals => ({ packets: 0, lost: 0, bytes: 0, frames: 0, freezes: 0, freezeS: 0 });
const num = (value: unknown) => (typeof value === 'number' ? value : 0);

export function snapshotOf(report: Iterable<[string, unknown]>): Snapshot {
  const stats = new Map([...report] as [string, Stat][]);
  const snapshot: Snapshot = { atMs: 0, in: zero(), out: zero() };
  for (const stat of stats.values()) {
    snapshot.atMs = Math.max(snapshot.atMs, stat.timestamp);
    if (stat.type === 'inbound-rtp') addInbound(snapshot, stat);
    else if (stat.type === 'outbound-rtp') addOutbound(snapshot, stat);
    else if (stat.type === 'remote-inbound-rtp' && typeof stat.fractionLost === 'number') {
      snapshot.outLossPct = Math.max(snapshot.outLossPct ?? 0, 100 * stat.fractionLost);
    } else if (stat.type === 'transport') addTransport(snapshot, stat, stats);
  }
  return snapshot;
}

function addInbound(snapshot: Snapshot, stat: Stat): void {
  snapshot.in.packets += num(stat.packetsReceived);
  snapshot.in.lost += num(stat.packetsLost);
  snapshot.in.bytes += num(stat.bytesReceived);
  if (typeof stat.jitter === 'number') snapshot.jitterMs = Math.max(snapshot.jitterMs ?? 0, 1000 * stat.jitter);
  if (stat.kind !== 'video') return;
  snapshot.in.frames += num(stat.framesDecoded);
  snapshot.in.freezes += num(stat.freezeCount);
  snapshot.in.freezeS += num(stat.totalFreezesDuration);
  if (num(stat.frameHeight) > (snapshot.frameHeight ?? 0)) {
    snapshot.frameHeight = num(stat.frameHeight);
    snapshot.frameWidth = num(stat.frameWidth);
  }
}

function addOutbound(snapshot: Snapshot, stat: Stat): void {
  snapshot.out.packets += num(stat.packetsSent);
  snapshot.out.bytes += num(stat.bytesSent);
  if (stat.kind !== 'video') return;
  snapshot.out.frames += num(stat.framesSent);
  if (num(stat.frameHeight) > (snapshot.outHeight ?? 0)) {
    snapshot.outHeight = num(stat.frameHeight);
    snapshot.outWidth = num(stat.frameWidth);
  }
}

function addTransport(snapshot: Snapshot, stat: Stat, stats: Map<string, Stat>): void {
  const pair = stats.get(String(stat.selectedCandidatePairId));
  if (!pair) return;
  if (typeof pair.currentRoundTripTime === 'number') snapshot.rttMs = 1000 * pair.currentRoundTripTime;
  const local = stats.get(String(pair.localCandidateId));
  if (!local) return;
  const protocol = String(local.candidateType === 'relay' ? (local.relayProtocol ?? local.protocol) : local.protocol);
  snapshot.transport = { candidate_type: String(local.candidateType), protocol };
  if (local.candidateType === 'relay' && local.url) snapshot.transport.relay_url = String(local.url);
}

const rounded = (value: number) => Math.round(value * 100) / 100;

export function measure(before: Snapshot, after: Snapshot): Sample {
  const intervalMs = Math.max(1, after.atMs - before.atMs);
  const rate = (bytes: number) => rounded((8 * Math.max(0, bytes)) / intervalMs);
  const sample: Sample = {
    interval_ms: Math.round(intervalMs),
    bitrate_in_kbps: rate(after.in.bytes - before.in.bytes),
    bitrate_out_kbps: rate(after.out.bytes - before.out.bytes),
  };
  const lost = Math.max(0, after.in.lost - before.in.lost);
  const expected = after.in.packets - before.in.packets + lost;
  if (expected > 0) sample.loss_in_pct = rounded((100 * lost) / expected);
  if (after.outLossPct !== undefined) sample.loss_out_pct = rounded(after.outLossPct);
  if (after.rttMs !== undefined) sample.rtt_ms = rounded(after.rttMs);
  if (after.jitterMs !== undefined) sample.jitter_ms = rounded(after.jitterMs);
  if (after.frameHeight) {
    sample.frame_rate_in = rounded((1000 * Math.max(0, after.in.frames - before.in.frames)) / intervalMs);
    sample.resolution_in = `${after.frameWidth}x${after.frameHeight}`;
    sample.freeze_count = Math.max(0, after.in.freezes - before.in.freezes);
    sample.freeze_ms = Math.round(1000 * Math.max(0, after.in.freezeS - before.in.freezeS));
  }
  if (after.outHeight) {
    sample.frame_rate_out = rounded((1000 * Math.max(0, after.out.frames - before.out.frames)) / intervalMs);
    sample.resolution_out = `${after.outWidth}x${after.outHeight}`;
  }
  return sample;
}
