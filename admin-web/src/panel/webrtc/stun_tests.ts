import { milliseconds } from '../format';
import { gather, kProbeTimeMs, type MappedSource } from './ice_probe';
import { type Finding, fact, type Outcome, type TestCase } from './model';
import { kNatWords, natKind } from './nat';

export interface StunServer {
  id: string;
  url: string;
}

/** The STUN side of every configured server: TURN servers on UDP answer Binding requests too. */
export function stunServers(ice: readonly { id: string; urls: string }[]): StunServer[] {
  const servers: StunServer[] = [];
  for (const { id, urls } of ice) {
    if (urls.startsWith('stun:')) servers.push({ id, url: urls });
    const udp = /^turn:(.*)\?transport=udp$/.exec(urls);
    const url = `stun:${udp?.[1]}`;
    if (udp && !servers.some((server) => server.url === url)) servers.push({ id, url });
  }
  return servers;
}

/** What the STUN tests of one run found out together, for the one about NAT. */
export interface StunFindings {
  answered: string[];
  asked: number;
}

export function stunTest({ id, url }: StunServer, together: StunFindings): TestCase {
  return {
    id: `stun-${id}`,
    group: 'stun',
    title: `STUN: ${id}`,
    async run(say, signal) {
      say(`Asking ${url}…`);
      together.asked += 1;
      const found = await gather({ iceServers: [{ urls: url }] }, signal, kProbeTimeMs, ({ mapped, errors }) => {
        return mapped.length > 0 || errors.some(({ code }) => code === 701);
      });
      const failed = found.errors[0];
      const mapped = found.mapped[0];
      // Without a NAT the mapped address is the host's own: no candidate of its own, and no error either.
      const answered = mapped !== undefined || (found.complete && !failed);
      if (answered) together.answered.push(url);
      const at = found.candidates.find(({ type }) => type === 'srflx')?.at_ms ?? found.duration_ms;
      const outcome: Outcome = {
        status: answered ? 'pass' : 'fail',
        summary: answered
          ? mapped
            ? `Seen as ${mapped.address}:${mapped.port}, after ${milliseconds(at)}.`
            : `Answered after ${milliseconds(at)}; it sees the address this machine has.`
          : failed
            ? `No answer: ${failed.code} ${failed.text}`
            : `No answer in ${kProbeTimeMs / 1000} s.`,
        facts: [fact('URL', url), ...(mapped ? [fact('Mapped address', `${mapped.address}:${mapped.port}`)] : [])],
        candidates: found.candidates,
        states: found.states,
        findings: answered ? [] : [noAnswer(id, url)],
      };
      return outcome;
    },
  };
}

function noAnswer(id: string, url: string): Finding {
  return {
    severity: 'warning',
    code: 'stun_no_answer',
    about: id,
    text: `${url} does not answer this browser. Either the server is down, or UDP does not get out of this network.`,
  };
}

/** All STUN servers from the same sockets: whether the NAT keeps one mapping, and so whether a relay is needed. */
export function natTest(servers: readonly StunServer[], together: StunFindings): TestCase {
  return {
    id: 'stun-nat',
    group: 'stun',
    title: 'NAT',
    async run(say, signal) {
      const live = servers.filter(({ url }) => together.answered.includes(url));
      say('Comparing what the servers see…');
      const found: MappedSource =
        live.length === 0
          ? { mapped: [], candidates: [] }
          : await gather({ iceServers: live.map(({ url }) => ({ urls: url })) }, signal, 3000);
      const hosts = found.candidates.filter(({ type }) => type === 'host');
      const kind = natKind(found.mapped, hosts, live.length > 0);
      const { title, text, relay } = kNatWords[kind];
      const outcome: Outcome = {
        status: kind === 'udp_blocked' ? 'fail' : kind === 'symmetric' || kind === 'unknown' ? 'warn' : 'pass',
        summary: `${title}. ${relay}`,
        facts: [fact('NAT', title), fact('Relay', relay), fact('Servers compared', live.length)],
        candidates: found.candidates,
        findings:
          kind === 'none' || kind === 'cone'
            ? []
            : [
                {
                  severity: kind === 'udp_blocked' ? 'critical' : 'warning',
                  code: `nat_${kind}`,
                  text: `${text} ${relay}`,
                },
              ],
      };
      return outcome;
    },
  };
}
