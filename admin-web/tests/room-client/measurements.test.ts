import { expect, test } from 'vitest';
import { measure, snapshotOf } from '../../src/room-client/measurements';

const report = (t: number, received: number, lost: number, frames: number) =>
  Object.entries({
    a: {
      id: 'a',
      type: 'inbound-rtp',
      kind: 'audio',
      timestamp: t,
      packetsReceived: received,
      packetsLost: lost,
      bytesReceived: received * 100,
      jitter: 0.02,
    },
    v: {
      id: 'v',
      type: 'inbound-rtp',
      kind: 'video',
      timestamp: t,
      packetsReceived: 0,
      packetsLost: 0,
      bytesReceived: 0,
      framesDecoded: frames,
      frameHeight: 480,
      frameWidth: 640,
      freezeCount: 1,
      totalFreezesDuration: 0.4,
    },
    r: { id: 'r', type: 'remote-inbound-rtp', kind: 'audio', timestamp: t, fractionLost: 0.05 },
    t: { id: 't', type: 'transport', timestamp: t, selectedCandidatePairId: 'p' },
    p: { id: 'p', type: 'candidate-pair', timestamp: t, currentRoundTripTime: 0.08, localCandidateId: 'l' },
    l: {
      id: 'l',
      type: 'local-candidate',
      timestamp: t,
      candidateType: 'relay',
      protocol: 'udp',
      relayProtocol: 'tcp',
      url: 'turn:host?transport=tcp',
    },
  });

test('a sample is what happened between two snapshots', () => {
  const before = snapshotOf(report(1000, 100, 0, 30));
  const after = snapshotOf(report(4000, 190, 10, 105));
  const sample = measure(before, after);
  expect(sample).toEqual({
    interval_ms: 3000,
    bitrate_in_kbps: 24,
    bitrate_out_kbps: 0,
    loss_in_pct: 10,
    loss_out_pct: 5,
    rtt_ms: 80,
    jitter_ms: 20,
    frame_rate_in: 25,
    resolution_in: '640x480',
    freeze_count: 0,
    freeze_ms: 0,
  });
});

test('the transport is named with the protocol towards the TURN server', () => {
  const { transport } = snapshotOf(report(0, 0, 0, 0));
  expect(transport).toEqual({ candidate_type: 'relay', protocol: 'tcp', relay_url: 'turn:host?transport=tcp' });
});

test('what was not measured is absent', () => {
  const empty = snapshotOf([]);
  const sample = measure(empty, empty);
  expect(sample).toEqual({ interval_ms: 1, bitrate_in_kbps: 0, bitrate_out_kbps: 0 });
});
