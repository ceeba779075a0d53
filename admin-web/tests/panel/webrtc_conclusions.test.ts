import { expect, test } from 'vitest';
import { compare } from '../../src/panel/webrtc/comparison';
import { deviceProblem } from '../../src/panel/webrtc/device_tests';
import type { CandidateLine, Outcome, ServerVerdict, TestCase, TestResult } from '../../src/panel/webrtc/model';
import { natKind } from '../../src/panel/webrtc/nat';
import { recommendations } from '../../src/panel/webrtc/recommendations';
import { makeReport } from '../../src/panel/webrtc/report';
import { pause, progress, runTests, within } from '../../src/panel/webrtc/runner';
import { overallScore } from '../../src/panel/webrtc/score';
import { stunServers } from '../../src/panel/webrtc/stun_tests';

const result = (group: string, status: TestResult['status'], more: Partial<TestResult> = {}): TestResult => ({
  id: `${group}-${status}`,
  group,
  title: group,
  status,
  summary: '',
  ...more,
});

const testCase = (id: string, run: TestCase['run']): TestCase => ({ id, group: 'turn', title: id, run });
const passing: Outcome = { status: 'pass', summary: 'well' };

test('tests run one after the other, and one that throws has failed', async () => {
  const order: string[] = [];
  const results = await runTests(
    [
      testCase('a', async () => {
        order.push('a begins');
        await Promise.resolve();
        order.push('a ends');
        return passing;
      }),
      testCase('b', async () => {
        order.push('b');
        throw new Error('broken');
      }),
      testCase('c', async () => passing),
    ],
    new AbortController().signal,
    () => undefined,
  );
  expect(order).toEqual(['a begins', 'a ends', 'b']);
  expect(results.map(({ status, summary }) => [status, summary])).toEqual([
    ['pass', 'well'],
    ['fail', 'broken'],
    ['pass', 'well'],
  ]);
  expect(results.every(({ duration_ms }) => duration_ms !== undefined)).toBe(true);
});

test('a cancelled run skips what is left, also the test that runs', async () => {
  const abort = new AbortController();
  const results = await runTests(
    [
      testCase('a', async (_, signal) => {
        setTimeout(() => abort.abort(), 5);
        await pause(60_000, signal);
        return passing;
      }),
      testCase('b', async () => passing),
    ],
    abort.signal,
    () => undefined,
  );
  expect(results.map(({ status }) => status)).toEqual(['skipped', 'skipped']);
  expect(progress(results)).toBe(100);
});

test('what is not there in time is undefined', async () => {
  const signal = new AbortController().signal;
  expect(await within(new Promise(() => undefined), 5, signal)).toBeUndefined();
  expect(await within(Promise.resolve(7), 1000, signal)).toBe(7);
});

test('the score weighs by what a failure costs; what was skipped does not count', () => {
  expect(overallScore([result('turn', 'pass'), result('devices', 'pass')])).toBe(100);
  expect(overallScore([result('turn', 'fail'), result('network', 'fail')])).toBe(0);
  expect(overallScore([result('turn', 'fail'), result('devices', 'pass')])).toBe(33);
  expect(overallScore([result('turn', 'pass'), result('turn', 'skipped')])).toBe(100);
  expect(overallScore([result('turn', 'warn')])).toBe(60);
  expect(overallScore([result('turn', 'skipped'), result('turn', 'running')])).toBeUndefined();
});

test('recommendations come most important first, each once', () => {
  const findings = recommendations([
    result('stun', 'warn', { findings: [{ severity: 'warning', code: 'a', text: 'x' }] }),
    result('turn', 'fail', {
      findings: [
        { severity: 'critical', code: 'b', about: 'eu', text: 'y' },
        { severity: 'critical', code: 'b', about: 'us', text: 'y' },
        { severity: 'warning', code: 'a', text: 'x' },
      ],
    }),
  ]);
  expect(findings.map(({ code, about }) => `${code}${about ?? ''}`)).toEqual(['beu', 'bus', 'a']);
});

const server = (status: ServerVerdict['status'], verdict: string): ServerVerdict => ({
  verdict,
  status,
  meaning: '',
  reason: '',
  duration_ms: 1,
  steps: [],
  facts: [],
});

test('a network in the way is told from a server that fails', () => {
  const failing = { status: 'fail', errors: [701] } as const;
  expect(compare('eu', failing, server('pass', 'ok'))?.code).toBe('only_this_network');
  expect(compare('eu', failing, server('fail', 'refused'))).toBeUndefined();
  expect(compare('eu', { status: 'pass', errors: [] }, server('fail', 'no_response'))?.code).toBe(
    'only_the_server_side',
  );
  expect(compare('eu', { status: 'pass', errors: [] }, server('pass', 'ok'))).toBeUndefined();
  expect(compare('eu', failing, undefined)).toBeUndefined();
});

const host: CandidateLine = { at_ms: 1, type: 'host', protocol: 'udp', address: '192.0.2.1', port: 1, priority: 1 };

test('one mapping for all servers is a cone, one for each is symmetric', () => {
  const at = (base: string, port: number) => ({ base, address: '198.51.100.1', port });
  expect(natKind([], [host], false)).toBe('udp_blocked');
  expect(natKind([], [host], true)).toBe('none');
  expect(natKind([], [], true)).toBe('unknown');
  expect(natKind([at('192.0.2.1:5', 700), at('192.0.2.1:5', 700)], [host], true)).toBe('cone');
  expect(natKind([at('192.0.2.1:5', 700), at('192.0.2.1:5', 701)], [host], true)).toBe('symmetric');
  expect(natKind([at('192.0.2.1:5', 700), at('192.0.2.1:6', 701)], [host], true)).toBe('cone');
});

test('denied, missing and busy devices are told apart', () => {
  const code = (name: string) => deviceProblem('camera', new DOMException('', name)).finding.code;
  expect([code('NotAllowedError'), code('NotFoundError'), code('NotReadableError'), code('AbortError')]).toEqual([
    'camera_denied',
    'camera_missing',
    'camera_in_use',
    'camera_failed',
  ]);
});

test('STUN is asked of STUN servers and of TURN servers on UDP, each address once', () => {
  const servers = stunServers([
    { id: 'a', urls: 'stun:s.example.org:3478' },
    { id: 'b', urls: 'turn:s.example.org:3478?transport=udp' },
    { id: 'c', urls: 'turn:t.example.org:3478?transport=udp' },
    { id: 'd', urls: 'turn:t.example.org:3478?transport=tcp' },
  ]);
  expect(servers.map(({ url }) => url)).toEqual(['stun:s.example.org:3478', 'stun:t.example.org:3478']);
});

test('a report holds what is over, and its score', () => {
  const report = makeReport([result('turn', 'pass'), result('turn', 'waiting')], 'browser', new Date(0));
  expect(report).toMatchObject({ made_at: '1970-01-01T00:00:00.000Z', score: 100, browser: 'browser' });
  expect(report.tests).toHaveLength(1);
});
