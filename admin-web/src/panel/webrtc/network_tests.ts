import { RoomClient } from '../../room-client';
import { bitrate, milliseconds, percent } from '../format';
import { type Finding, fact, type Outcome, type TestCase } from './model';
import { pause, within } from './runner';
import { type SyntheticMedia, syntheticMedia } from './synthetic_media';

const kPings = 10;
const kCallMs = 6000;
const kConnectMs = 10_000;

// As people bear them in a call (ITU-T G.114), and as the quality model's targets have them.
const kSlowMs = 200;
const kLossPct = 2;
const kNarrowKbps = 500;

/** Round trips of small requests over the WebSocket: the way of joining, leaving and offers. */
export function signalingTest(client: RoomClient, room: string): TestCase {
  return {
    id: 'network-signaling',
    group: 'network',
    title: 'Signaling',
    async run(say, signal) {
      say('Asking Janus…');
      const times: number[] = [];
      for (let i = 0; i < kPings; ++i) {
        const began = performance.now();
        await client.exists(room);
        times.push(performance.now() - began);
        await pause(50, signal);
      }
      const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
      const steps = times.slice(1).map((time, i) => Math.abs(time - (times[i] ?? time)));
      const jitter = steps.reduce((sum, step) => sum + step, 0) / steps.length;
      const slow = mean > kSlowMs;
      const finding: Finding = {
        severity: 'warning',
        code: 'signaling_slow',
        text: `Requests to Janus take ${milliseconds(mean)}: joining and changes in a call will feel slow.`,
      };
      return {
        status: slow ? 'warn' : 'pass',
        summary: `${milliseconds(mean)} there and back.`,
        facts: [fact('Latency', milliseconds(mean)), fact('Jitter', milliseconds(jitter)), fact('Requests', kPings)],
        findings: slow ? [finding] : [],
      };
    },
  };
}

interface Measured {
  rttMs: number | undefined;
  jitterMs: number | undefined;
  lossPct: number | undefined;
  upKbps: number | undefined;
  downKbps: number | undefined;
  path: string;
}

/** A short call of this page with itself through the plugin, in a room that leaves no row. */
export function mediaTest(caller: RoomClient, room: string): TestCase {
  return {
    id: 'network-media',
    group: 'network',
    title: 'Media through Janus',
    async run(say, signal) {
      say('Calling…');
      const listener = new RoomClient();
      let media: SyntheticMedia | undefined;
      try {
        media = syntheticMedia();
        caller.publish(media.video);
        caller.publish(media.audio);
        await listener.join({ room, userId: 'panel-listener', display: 'Test' });
        const arrived = await within(firstVideo(listener), kConnectMs, signal);
        if (!arrived) return noMedia();
        say('Measuring…');
        const before = await counters(caller, listener);
        await pause(kCallMs, signal);
        return judge(measure(before, await counters(caller, listener)));
      } finally {
        await listener.leave().catch(() => undefined);
        media?.stop();
      }
    },
  };
}

function firstVideo(listener: RoomClient): Promise<boolean> {
  return new Promise((resolve) => {
    const look = async () => {
      for (const { report } of await listener.statistics()) {
        for (const entry of report.values()) {
          if (entry.type === 'inbound-rtp' && entry.kind === 'video' && entry.framesDecoded > 0) return resolve(true);
        }
      }
      if (listener.state === 'joined') setTimeout(look, 100);
    };
    void look();
  });
}

function noMedia(): Outcome {
  const text =
    'A call through Janus carried no media from this browser. If the TURN tests pass, look at the address that Janus offers ' +
    '(nat_1_1_mapping in janus.jcfg) and at its range of media ports in the firewall.';
  return {
    status: 'fail',
    summary: `No picture came back in ${kConnectMs / 1000} s.`,
    findings: [{ severity: 'critical', code: 'media_does_not_flow', text }],
  };
}

interface Counters {
  at: number;
  sent: number;
  got: number;
  packets: number;
  lost: number;
  jitterMs: number | undefined;
  rttMs: number | undefined;
  path: string;
}

async function counters(caller: RoomClient, listener: RoomClient): Promise<Counters> {
  const sum: Counters = {
    at: performance.now(),
    sent: 0,
    got: 0,
    packets: 0,
    lost: 0,
    jitterMs: undefined,
    rttMs: undefined,
    path: '',
  };
  for (const { report } of await caller.statistics()) {
    for (const entry of report.values()) {
      if (entry.type === 'outbound-rtp') sum.sent += entry.bytesSent;
      if (entry.type !== 'candidate-pair' || !entry.nominated || entry.state !== 'succeeded') continue;
      if (typeof entry.currentRoundTripTime === 'number') sum.rttMs = 1000 * entry.currentRoundTripTime;
      const local = report.get(entry.localCandidateId);
      if (local) sum.path = `${local.candidateType} over ${local.relayProtocol ?? local.protocol}`;
    }
  }
  for (const { report } of await listener.statistics()) {
    for (const entry of report.values()) {
      if (entry.type !== 'inbound-rtp') continue;
      sum.got += entry.bytesReceived;
      sum.packets += entry.packetsReceived;
      sum.lost += Math.max(0, entry.packetsLost);
      if (entry.kind === 'video') sum.jitterMs = 1000 * entry.jitter;
    }
  }
  return sum;
}

function measure(before: Counters, after: Counters): Measured {
  const seconds = (after.at - before.at) / 1000;
  const packets = after.packets - before.packets;
  const lost = Math.max(0, after.lost - before.lost);
  return {
    rttMs: after.rttMs,
    jitterMs: after.jitterMs,
    lossPct: packets + lost > 0 ? (100 * lost) / (packets + lost) : undefined,
    upKbps: ((after.sent - before.sent) * 8) / 1000 / seconds,
    downKbps: ((after.got - before.got) * 8) / 1000 / seconds,
    path: after.path,
  };
}

function judge({ rttMs, jitterMs, lossPct, upKbps, downKbps, path }: Measured): Outcome {
  const findings: Finding[] = [];
  if ((lossPct ?? 0) > kLossPct) {
    const text = `${percent(lossPct)} of the packets were lost on the way to Janus and back: pictures freeze, sound crackles. Try a cable instead of Wi-Fi, and look at the uplink of the server.`;
    findings.push({ severity: 'critical', code: 'media_loss', text });
  }
  if ((rttMs ?? 0) > kSlowMs) {
    const text = `Media takes ${milliseconds(rttMs)} to Janus and back; people will talk over each other. A server that is nearer helps.`;
    findings.push({ severity: 'warning', code: 'media_slow', text });
  }
  if ((downKbps ?? 0) < kNarrowKbps) {
    const text = `Only ${bitrate(downKbps)} came through in ${kCallMs / 1000} s. If it stays so, video will be small.`;
    findings.push({ severity: 'info', code: 'media_narrow', text });
  }
  const bad = findings.some(({ severity }) => severity === 'critical');
  return {
    status: bad ? 'fail' : findings.some(({ severity }) => severity === 'warning') ? 'warn' : 'pass',
    summary: `Round trip ${milliseconds(rttMs)}, loss ${percent(lossPct)}, up ${bitrate(upKbps)}, down ${bitrate(downKbps)}.`,
    facts: [
      fact('Round trip', milliseconds(rttMs)),
      fact('Jitter', milliseconds(jitterMs)),
      fact('Loss', percent(lossPct)),
      fact('Up', bitrate(upKbps)),
      fact('Down', bitrate(downKbps)),
      fact('Way', path),
    ],
    findings,
  };
}
