// The same server seen from two places: from Janus's machine and from this browser. Pure.
import type { Finding, ServerVerdict, Status } from './model';

export interface BrowserSide {
  status: Status;
  /** Numbers of the errors that the browser gave for it: 401, 701, … */
  errors: readonly number[];
}

/** What it means that the two agree or differ, for the server named `about`. */
export function compare(about: string, browser: BrowserSide, server: ServerVerdict | undefined): Finding | undefined {
  if (!server || server.status === 'skipped' || browser.status === 'skipped') return undefined;
  const serverWorks = server.status === 'pass' || server.verdict === 'ok' || server.verdict === 'ok_but_open_relay';
  const browserWorks = browser.status === 'pass' || browser.status === 'warn';
  if (serverWorks && !browserWorks) {
    return {
      severity: 'critical',
      code: 'only_this_network',
      about,
      text:
        `Janus's machine reaches ${about}, this browser does not: the network here is in the way, not the server. ` +
        'A firewall often lets only TCP port 443 through: offer TURN over TLS on port 443 (turns:host:443).',
    };
  }
  if (!serverWorks && browserWorks) {
    return {
      severity: 'warning',
      code: 'only_the_server_side',
      about,
      text:
        `This browser can use ${about}, Janus's machine cannot (${server.verdict}). ` +
        'Calls work from here; look at the firewall of the machine that Janus runs on before you trust its checks.',
    };
  }
  return undefined;
}
