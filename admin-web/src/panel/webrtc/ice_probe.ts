// ICE candidates of one configuration with their times, and data through a relay and back between two connections of this page.
import type { CandidateLine, StateLine } from './model';
import { pause } from './runner';

/** Chromium tells most failures after 30 to 40 s, and a dropped SYN never: every probe ends by itself. */
export const kProbeTimeMs = 10_000;

export interface IceError {
  at_ms: number;
  code: number;
  text: string;
}

export interface Gathered {
  candidates: CandidateLine[];
  states: StateLine[];
  errors: IceError[];
  mapped: { base: string; address: string; port: number }[];
  complete: boolean;
  duration_ms: number;
}

/** Gathers until the browser is through, or the time is. `enough` may end it earlier. */
export async function gather(
  configuration: RTCConfiguration,
  signal: AbortSignal,
  timeMs = kProbeTimeMs,
  enough: (gathered: Gathered) => boolean = () => false,
): Promise<Gathered> {
  const connection = new RTCPeerConnection(configuration);
  const found: Gathered = { candidates: [], states: [], errors: [], mapped: [], complete: false, duration_ms: 0 };
  const began = performance.now();
  const stop = new AbortController();
  try {
    watch(connection, found, began, () => (found.complete || enough(found)) && stop.abort());
    connection.createDataChannel('probe');
    await connection.setLocalDescription();
    await pause(timeMs, AbortSignal.any([signal, stop.signal])).catch(() => undefined);
    signal.throwIfAborted();
    found.duration_ms = performance.now() - began;
    return found;
  } finally {
    connection.close();
  }
}

function watch(connection: RTCPeerConnection, found: Gathered, began: number, changed: () => void): void {
  const since = () => performance.now() - began;
  connection.onicegatheringstatechange = () => {
    found.states.push({ at_ms: since(), state: connection.iceGatheringState });
    found.complete = connection.iceGatheringState === 'complete';
    changed();
  };
  connection.onicecandidate = ({ candidate }) => {
    if (!candidate?.candidate) return;
    const line: CandidateLine = {
      at_ms: since(),
      type: candidate.type ?? 'host',
      protocol: candidate.protocol ?? '',
      address: candidate.address ?? '',
      port: candidate.port ?? 0,
      priority: candidate.priority ?? 0,
    };
    const { relayProtocol } = candidate as RTCIceCandidate & { relayProtocol?: string };
    if (relayProtocol) line.relay_protocol = relayProtocol;
    found.candidates.push(line);
    if (candidate.type === 'srflx' && candidate.protocol === 'udp') {
      const base = `${candidate.relatedAddress ?? ''}:${candidate.relatedPort ?? ''}`;
      found.mapped.push({ base, address: line.address, port: line.port });
    }
    changed();
  };
  connection.onicecandidateerror = ({ errorCode, errorText }) => {
    found.errors.push({ at_ms: since(), code: errorCode, text: errorText });
    changed();
  };
}

/** The part of what was gathered that tells of a NAT. */
export type MappedSource = Pick<Gathered, 'mapped' | 'candidates'>;

export interface Echo {
  connected: boolean;
  connect_ms: number;
  sent: number;
  received: number;
  rtt_ms: number | undefined;
  jitter_ms: number | undefined;
}

const kPackets = 20;
const kSpacingMs = 20;
const kLastMs = 600;

/** Sends packets from one connection of this page to another and back, both through the relay alone. */
export async function relayEcho(server: RTCIceServer, signal: AbortSignal, timeMs: number): Promise<Echo> {
  const configuration: RTCConfiguration = { iceServers: [server], iceTransportPolicy: 'relay' };
  const near = new RTCPeerConnection(configuration);
  const far = new RTCPeerConnection(configuration);
  const echo: Echo = { connected: false, connect_ms: 0, sent: 0, received: 0, rtt_ms: undefined, jitter_ms: undefined };
  const began = performance.now();
  try {
    const channel = near.createDataChannel('echo', { ordered: false, maxRetransmits: 0 });
    far.ondatachannel = ({ channel: other }) => {
      other.onmessage = ({ data }) => other.readyState === 'open' && other.send(data);
    };
    const opened = new Promise<void>((resolve) => {
      channel.onopen = () => resolve();
    });
    connect(near, far);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription as RTCSessionDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription as RTCSessionDescription);
    await Promise.race([opened, pause(timeMs, signal)]);
    if (channel.readyState !== 'open') return echo;
    echo.connected = true;
    echo.connect_ms = performance.now() - began;
    await exchange(channel, echo, signal);
    return echo;
  } finally {
    near.close();
    far.close();
  }
}

function connect(near: RTCPeerConnection, far: RTCPeerConnection): void {
  const hand = (from: RTCPeerConnection, to: RTCPeerConnection) => {
    const early: RTCIceCandidate[] = [];
    const add = (candidate: RTCIceCandidate) => to.addIceCandidate(candidate).catch(() => undefined);
    from.onicecandidate = ({ candidate }) => {
      if (!candidate) return;
      if (to.remoteDescription) void add(candidate);
      else early.push(candidate);
    };
    to.addEventListener('signalingstatechange', () => {
      if (to.remoteDescription) for (const candidate of early.splice(0)) void add(candidate);
    });
  };
  hand(near, far);
  hand(far, near);
}

async function exchange(channel: RTCDataChannel, echo: Echo, signal: AbortSignal): Promise<void> {
  const sentAt: number[] = [];
  const rtts: number[] = [];
  const all = new AbortController();
  channel.onmessage = ({ data }) => {
    const at = sentAt[Number(data)];
    if (at === undefined) return;
    rtts.push(performance.now() - at);
    if (rtts.length === kPackets) all.abort();
  };
  for (let i = 0; i < kPackets; ++i) {
    sentAt.push(performance.now());
    channel.send(String(i));
    await pause(kSpacingMs, signal);
  }
  if (rtts.length < kPackets) await pause(kLastMs, AbortSignal.any([signal, all.signal])).catch(() => undefined);
  signal.throwIfAborted();
  echo.sent = kPackets;
  echo.received = rtts.length;
  if (rtts.length === 0) return;
  echo.rtt_ms = rtts.reduce((sum, rtt) => sum + rtt, 0) / rtts.length;
  const steps = rtts.slice(1).map((rtt, i) => Math.abs(rtt - (rtts[i] ?? rtt)));
  echo.jitter_ms = steps.length > 0 ? steps.reduce((sum, step) => sum + step, 0) / steps.length : undefined;
}
