import type { AdminApi } from '../admin_api';
import { milliseconds } from '../format';
import { compare } from './comparison';
import { type Echo, type Gathered, gather, kProbeTimeMs, relayEcho } from './ice_probe';
import { type Finding, fact, type Outcome, type Status, type TestCase } from './model';
import { type ConfiguredServer, checkFromServer } from './server_tests';

export interface ClientServer extends RTCIceServer {
  id: string;
  urls: string;
}

interface BrowserSide {
  status: Exclude<Status, 'waiting' | 'running'>;
  summary: string;
  gathered?: Gathered;
  echo?: Echo;
}

/** One TURN server over one transport, from this browser and from Janus's machine at the same time. */
export function turnTest(api: AdminApi, server: ConfiguredServer, ice: ClientServer | undefined): TestCase {
  return {
    id: `turn-${server.id}`,
    group: 'turn',
    title: `TURN: ${server.id}`,
    async run(say, signal) {
      say('Gathering candidates here, and asking Janus’s machine…');
      const [browser, checked] = await Promise.all([
        fromBrowser(ice, signal, say),
        checkFromServer(api, server.id, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          return error instanceof Error ? error : new Error(String(error));
        }),
      ]);
      return conclude(server, browser, checked);
    },
  };
}

async function fromBrowser(
  ice: ClientServer | undefined,
  signal: AbortSignal,
  say: (doing: string) => void,
): Promise<BrowserSide> {
  if (!ice) return { status: 'skipped', summary: 'Not handed to clients: ice.servers does not name it.' };
  const { id: _, ...configuration } = ice;
  const isRelay = ({ type }: { type: string }) => type === 'relay';
  const gathered = await gather({ iceServers: [configuration] }, signal, kProbeTimeMs, ({ candidates, errors }) => {
    return candidates.some(isRelay) || errors.some(({ code }) => code >= 300 && code < 700);
  });
  if (!gathered.candidates.some(isRelay)) return { status: 'fail', summary: withoutRelay(gathered), gathered };
  say('Sending data through the relay…');
  const left = Math.max(3000, kProbeTimeMs - gathered.duration_ms);
  const echo = await relayEcho(configuration, signal, left);
  if (echo.received === 0) {
    const summary = 'The browser lists a relay candidate, but no data went through it.';
    return { status: 'fail', summary, gathered, echo };
  }
  const lost = echo.sent - echo.received;
  return {
    status: lost > 1 ? 'warn' : 'pass',
    summary: `Data went through the relay and back: ${echo.received} of ${echo.sent}, round trip ${milliseconds(echo.rtt_ms)}.`,
    gathered,
    echo,
  };
}

function withoutRelay({ errors, complete }: Gathered): string {
  const named = errors.find(({ code }) => code < 700) ?? errors[0];
  if (named) return `No relay: ${named.code} ${named.text}`.trim();
  return complete ? 'No relay, and no reason given by the browser.' : `No relay in ${kProbeTimeMs / 1000} s.`;
}

function conclude(
  { id, url }: ConfiguredServer,
  browser: BrowserSide,
  checked: Awaited<ReturnType<typeof checkFromServer>> | Error,
): Outcome {
  const verdict = checked instanceof Error ? undefined : checked.verdict;
  const findings: Finding[] = checked instanceof Error ? [] : [...checked.findings];
  const errors = browser.gathered?.errors.map(({ code }) => code) ?? [];
  const difference = compare(id, { status: browser.status, errors }, verdict);
  if (difference) findings.unshift(difference);
  if (!verdict && browser.status === 'fail') {
    findings.push({ severity: 'critical', code: 'turn_failed', about: id, text: `${id}: ${browser.summary}` });
  }
  const outcome: Outcome = {
    status: worse(browser.status, verdict?.status),
    summary: verdict ? `${browser.summary} From Janus’s machine: ${verdict.verdict}.` : browser.summary,
    facts: browserFacts(url, browser),
    candidates: browser.gathered?.candidates ?? [],
    states: browser.gathered?.states ?? [],
    findings,
  };
  if (verdict) outcome.server = verdict;
  return outcome;
}

const kBadness: Record<string, number> = { fail: 3, warn: 2, pass: 1, skipped: 0 };

/** Where the browser could not be asked, the server's verdict counts; else the browser's, and any doubt of the server's. */
function worse(browser: BrowserSide['status'], server: Status | undefined): BrowserSide['status'] {
  if (browser === 'skipped')
    return server === undefined || server === 'waiting' || server === 'running' ? 'skipped' : server;
  if (browser === 'pass' && server && (kBadness[server] ?? 0) > 1) return 'warn';
  return browser;
}

function browserFacts(url: string, { gathered, echo }: BrowserSide) {
  const count = (wanted: string) => gathered?.candidates.filter(({ type }) => type === wanted).length ?? 0;
  const facts = [fact('URL', url)];
  if (gathered) {
    facts.push(fact('Candidates', `${count('host')} host, ${count('srflx')} srflx, ${count('relay')} relay`));
    for (const { code, text, at_ms } of gathered.errors.slice(0, 3)) {
      facts.push(fact('Error', `${code} ${text} (after ${milliseconds(at_ms)})`));
    }
  }
  if (echo) {
    facts.push(
      fact('Through the relay', echo.connected ? `connected after ${milliseconds(echo.connect_ms)}` : 'not connected'),
    );
    facts.push(fact('Packets back', `${echo.received} of ${echo.sent}`));
    facts.push(fact('Round trip', milliseconds(echo.rtt_ms)), fact('Jitter', milliseconds(echo.jitter_ms)));
  }
  return facts;
}
