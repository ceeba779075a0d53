import { milliseconds, withUnit } from '../format';
import { figure, Table } from '../table';
import type { CandidateLine, Fact, ServerVerdict, StateLine, Status, TestResult } from './model';
import { StatusMark } from './status_mark';

/** A test: its status and summary, and behind it everything that was seen. */
export function ResultRow({ result }: { result: TestResult }) {
  const { id, title, status, summary, duration_ms, facts = [], candidates = [], states = [], server } = result;
  const hasMore = facts.length > 0 || candidates.length > 0 || states.length > 0 || server !== undefined;
  const head = (
    <>
      <StatusMark status={status} />
      <span class="test-title">{title}</span>
      <span class="test-summary">{summary}</span>
      <span class="test-time">{duration_ms === undefined ? '' : seconds(duration_ms)}</span>
    </>
  );
  if (!hasMore) {
    return (
      <li class="test" data-test={id} data-status={status}>
        <div class="test-head">{head}</div>
      </li>
    );
  }
  return (
    <li class="test" data-test={id} data-status={status}>
      <details>
        <summary class="test-head">{head}</summary>
        <div class="test-more">
          {server ? (
            <div class="sides">
              <section>
                <h4>From this browser</h4>
                <Facts facts={facts} />
              </section>
              <ServerSide server={server} />
            </div>
          ) : (
            <Facts facts={facts} />
          )}
          {candidates.length > 0 && <Candidates candidates={candidates} />}
          {states.length > 0 && <States states={states} />}
        </div>
      </details>
    </li>
  );
}

const seconds = (ms: number) => (ms < 1000 ? milliseconds(ms) : withUnit(ms / 1000, 's', 1));

function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value }, index) => (
        <div key={index}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ServerSide({ server }: { server: ServerVerdict }) {
  return (
    <section data-verdict={server.verdict}>
      <h4>From Janus’s machine</h4>
      <p>
        <StatusMark status={server.status} /> <strong>{server.verdict}</strong> after{' '}
        <span class="verdict-time">{seconds(server.duration_ms)}</span>
      </p>
      <p class="muted">
        {server.meaning}
        {server.reason && ` (${server.reason})`}
      </p>
      <ol class="steps">
        {server.steps.map(({ name, state, duration_ms, detail }, index) => (
          <li key={index}>
            <StatusMark status={(state === 'running' ? 'warn' : state) as Status} /> {name}{' '}
            <span class="muted">
              {milliseconds(duration_ms)}
              {detail && ` · ${detail}`}
            </span>
          </li>
        ))}
      </ol>
      <Facts facts={server.facts} />
    </section>
  );
}

const kCandidateHeads = [figure('After'), 'Type', 'Protocol', 'Address', figure('Priority')];

function Candidates({ candidates }: { candidates: readonly CandidateLine[] }) {
  return (
    <Table label="Candidates" heads={kCandidateHeads}>
      {candidates.map(({ at_ms, type, protocol, relay_protocol, address, port, priority }, index) => (
        <tr key={index}>
          <td class="figure">{milliseconds(at_ms)}</td>
          <td>{type}</td>
          <td>{relay_protocol ? `${protocol}, relay by ${relay_protocol}` : protocol}</td>
          <td>{address.includes(':') && !address.startsWith('[') ? `[${address}]:${port}` : `${address}:${port}`}</td>
          <td class="figure">{priority}</td>
        </tr>
      ))}
    </Table>
  );
}

function States({ states }: { states: readonly StateLine[] }) {
  return (
    <p class="muted">
      Gathering: {states.map(({ state, at_ms }) => `${state} after ${milliseconds(at_ms)}`).join(', ')}
    </p>
  );
}
