// The checks that run on Janus's machine, by the Admin API.
import type { AdminApi } from '../admin_api';
import { milliseconds, percent } from '../format';
import { type Fact, type Finding, fact, type ServerVerdict, type Severity, type Status } from './model';
import { pause } from './runner';

export interface ConfiguredServer {
  id: string;
  url: string;
  transport: string;
  relays: boolean;
  credentials: string;
}

interface Step {
  name: string;
  state: string;
  duration_ms: number;
  detail: string;
}

interface Path {
  family: string;
  address: string;
  verdict: string | null;
  steps: Step[];
  software: string | null;
  mapped: string | null;
  relayed: string | null;
  relayed_kind: string | null;
  alternate: string | null;
  lifetime_s: number | null;
  certificate: { subject: string; issuer: string; days_left: number | null } | null;
  echo: { sent: number; received: number; rtt_ms: number | null; jitter_ms: number | null; loss_pct: number } | null;
  hardening: { peer: string; kind: string; accepted: boolean | null }[];
}

export interface Report {
  server: string | null;
  verdict: string | null;
  status: Status | null;
  meaning: string | null;
  reason: string;
  duration_ms: number;
  scheme_added: boolean;
  steps: Step[];
  paths: Path[];
  recommendations: { severity: Severity; code: string; text: string }[];
}

interface StatusAnswer {
  state: string;
  progress: number;
  servers: Report[];
}

const kPollMs = 250;

export async function configuredServers(api: AdminApi, signal: AbortSignal): Promise<ConfiguredServer[]> {
  return (await api.request<{ servers: ConfiguredServer[] }>('turn_servers', {}, signal)).servers;
}

/** Has one configured server checked, and waits for the verdict; cancels the check when the run is. */
export async function checkFromServer(
  api: AdminApi,
  server: string,
  signal: AbortSignal,
): Promise<{ verdict: ServerVerdict; findings: Finding[] }> {
  const { test } = await api.request<{ test: string }>('turn_test', { server }, signal);
  try {
    for (;;) {
      const status = await api.request<StatusAnswer>('turn_test_status', { test }, signal);
      const report = status.servers[0];
      if ((status.state === 'finished' || status.state === 'cancelled') && report) return read(server, report);
      await pause(kPollMs, signal);
    }
  } catch (error) {
    if (signal.aborted) void api.request('turn_test_cancel', { test }).catch(() => undefined);
    throw error;
  }
}

function read(server: string, report: Report): { verdict: ServerVerdict; findings: Finding[] } {
  const steps = [
    ...report.steps,
    ...report.paths.flatMap((path) => path.steps.map((step) => ({ ...step, address: path.address }))),
  ];
  return {
    verdict: {
      verdict: report.verdict ?? 'inconclusive',
      status: report.status ?? 'warn',
      meaning: report.meaning ?? '',
      reason: report.reason,
      duration_ms: report.duration_ms,
      steps,
      facts: report.paths.flatMap((path) => pathFacts(path, report.paths.length > 1)),
    },
    findings: report.recommendations.map((one) => ({ ...one, about: server })),
  };
}

function pathFacts(path: Path, several: boolean): Fact[] {
  const facts: Fact[] = [];
  const prefix = several ? `${path.family === 'ipv4' ? 'IPv4' : 'IPv6'}: ` : '';
  const add = (name: string, value: string | number | null | undefined) => {
    if (value !== null && value !== undefined && value !== '') facts.push(fact(prefix + name, value));
  };
  if (several) add('Verdict', path.verdict);
  add('Address', path.address);
  add('Software', path.software);
  add('Seen as', path.mapped);
  add('Relayed address', path.relayed && `${path.relayed} (${path.relayed_kind})`);
  add('Lifetime', path.lifetime_s && `${path.lifetime_s} s`);
  add('Names another server', path.alternate);
  if (path.echo) {
    add('Through the relay and back', `${path.echo.received} of ${path.echo.sent} packets`);
    add('Round trip', path.echo.rtt_ms === null ? null : milliseconds(path.echo.rtt_ms));
    add('Jitter', path.echo.jitter_ms === null ? null : milliseconds(path.echo.jitter_ms));
    add('Loss', percent(path.echo.loss_pct));
  }
  if (path.certificate) {
    add('Certificate', path.certificate.subject);
    add('Issued by', path.certificate.issuer);
    add('Days left', path.certificate.days_left);
  }
  const open = path.hardening.filter(({ accepted }) => accepted).map(({ peer }) => peer);
  if (path.hardening.length > 0) add('Internal peers accepted', open.length === 0 ? 'none' : open.join(', '));
  return facts;
}
