import { useEffect, useRef } from 'preact/hooks';
import { usePanel } from '../context';
import { count, kDash, milliseconds, percent, time, withUnit, words } from '../format';
import { RangeChoice } from '../quality/filter_bar';
import { rangeParameters } from '../quality/filters';
import { Answered, Problem } from '../states';
import { figure, Table } from '../table';
import { useRequest } from '../use_request';
import type { Status } from './model';
import type { ConfiguredServer } from './server_tests';
import { StatusMark } from './status_mark';

const kEveryMs = 15_000;
const kChecks = 300;
const kStrip = 24;

type Level = 'unknown' | 'ok' | 'warning' | 'critical';

interface Server extends ConfiguredServer {
  /** Seconds; 0: only when somebody asks. */
  check_every: number;
  last: { verdict: string | null; status: Status | null; started_at: string | null } | null;
}

interface ServersAnswer {
  servers: Server[];
  availability: { level: Level; text: string };
}

interface Check {
  check_id: string;
  checked_at: string;
  node: string;
  server_id: string;
  trigger: string;
  verdict: string;
  status: Status;
  reason: string;
  duration_ms: number;
  rtt_ms: number | null;
  loss_pct: number | null;
}

interface ServerSums {
  server_id: string;
  checks: number;
  success_pct: number;
  rtt_avg_ms: number | null;
  loss_avg_pct: number | null;
}

interface HistoryAnswer {
  servers: ServerSums[];
  /** Newest first. */
  checks: Check[];
}

/**
 * How the configured servers are by Janus's own checks, on a schedule and asked for: now, and over the range. Asks anew when the
 * tests of this page, which have the servers checked, are through.
 */
export function ServerHistory({ testing }: { testing: boolean }) {
  const { place } = usePanel();
  const servers = useRequest<ServersAnswer>('turn_servers', {}, kEveryMs);
  const history = useRequest<HistoryAnswer>('turn_history', { ...rangeParameters(place), limit: kChecks }, kEveryMs);
  const { range } = place.query;
  const tested = useRef(false);
  useEffect(() => {
    if (tested.current && !testing) {
      servers.again();
      history.again();
    }
    tested.current = testing;
  }, [testing]);
  return (
    <section class="view server-history" data-view="servers" aria-labelledby="servers-title">
      <div class="view-head">
        <h2 id="servers-title">Servers, checked from Janus’s machine</h2>
        <RangeChoice named={range ?? '24h'} />
      </div>
      <Answered
        request={servers}
        empty={(answer) =>
          answer.servers.length === 0
            ? 'No STUN or TURN server is configured (categories turn-… of the plugin’s configuration).'
            : undefined
        }
      >
        {(answer) => (
          <>
            <Availability {...answer.availability} />
            <Servers servers={answer.servers} history={history.answer} />
          </>
        )}
      </Answered>
      {history.error && !servers.error && <Problem error={history.error} again={history.again} />}
      {history.answer && history.answer.checks.length > 0 && <Checks checks={history.answer.checks} />}
    </section>
  );
}

const kLevels: Record<Level, Status> = { unknown: 'waiting', ok: 'pass', warning: 'warn', critical: 'fail' };

function Availability({ level, text }: ServersAnswer['availability']) {
  return (
    <p class="card availability" data-availability={level}>
      <span>
        <StatusMark status={kLevels[level]} /> <b>{level === 'unknown' ? 'not known yet' : level}</b>
      </span>
      <span>{text}</span>
    </p>
  );
}

const kServerHeads = [
  'Server',
  'Verdict now',
  'Checked',
  figure('Every'),
  figure('Usable'),
  figure('Checks'),
  figure('Round trip'),
  figure('Loss'),
  'Newest checks',
];

function Servers({ servers, history }: { servers: readonly Server[]; history: HistoryAnswer | undefined }) {
  return (
    <Table label="Configured servers" heads={kServerHeads}>
      {servers.map((server) => (
        <ServerRow key={server.id} server={server} history={history} />
      ))}
    </Table>
  );
}

function ServerRow({ server, history }: { server: Server; history: HistoryAnswer | undefined }) {
  const { id, url, last, check_every } = server;
  const sums = history?.servers.find(({ server_id }) => server_id === id);
  const checks = history?.checks.filter(({ server_id }) => server_id === id) ?? [];
  return (
    <tr data-server={id}>
      <td>
        <b>{id}</b>
        <div class="muted">{url}</div>
      </td>
      <td>{last?.verdict ? <Verdict status={last.status ?? 'skipped'} verdict={last.verdict} /> : kDash}</td>
      <td>{time(last?.started_at)}</td>
      <td class="figure">{check_every > 0 ? withUnit(check_every, 's') : 'when asked'}</td>
      <td class="figure">{percent(sums?.success_pct)}</td>
      <td class="figure">{count(sums?.checks)}</td>
      <td class="figure">{milliseconds(sums?.rtt_avg_ms)}</td>
      <td class="figure">{percent(sums?.loss_avg_pct)}</td>
      <td>
        <Strip checks={checks} />
      </td>
    </tr>
  );
}

function Verdict({ status, verdict }: { status: Status; verdict: string }) {
  return (
    <>
      <StatusMark status={status} /> {words(verdict)}
    </>
  );
}

/** A bar for each check, the newest on the right: high where it passed, lower with a doubt, lowest where it failed. */
function Strip({ checks }: { checks: readonly Check[] }) {
  const shown = checks.slice(0, kStrip).reverse();
  return (
    <span class="check-strip" aria-hidden="true">
      {shown.map(({ check_id, status, verdict, checked_at }) => (
        <i key={check_id} data-mark={status} title={`${time(checked_at)}: ${words(verdict)}`} />
      ))}
    </span>
  );
}

const kCheckHeads = [
  'When',
  'Server',
  'Verdict',
  'Because of',
  figure('Took'),
  figure('Round trip'),
  figure('Loss'),
  'Node',
  'What was said',
];

function Checks({ checks }: { checks: readonly Check[] }) {
  return (
    <details class="chart-table">
      <summary>The newest {count(checks.length)} checks of this range</summary>
      <Table label="Checks" heads={kCheckHeads}>
        {checks.map((check) => (
          <tr key={check.check_id} data-check={check.server_id}>
            <td>{time(check.checked_at)}</td>
            <td>{check.server_id}</td>
            <td>
              <Verdict {...check} />
            </td>
            <td>{check.trigger}</td>
            <td class="figure">{milliseconds(check.duration_ms)}</td>
            <td class="figure">{milliseconds(check.rtt_ms)}</td>
            <td class="figure">{percent(check.loss_pct)}</td>
            <td>{check.node}</td>
            <td>{check.reason}</td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
