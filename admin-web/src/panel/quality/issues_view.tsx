import { usePanel } from '../context';
import { count, percent } from '../format';
import { formatPlace } from '../location_state';
import { Severity } from '../severity';
import { Answered } from '../states';
import { useRequest } from '../use_request';
import type { IssueEntry, IssuesAnswer } from './answers';
import { filterParameters, sharedQuery } from './filters';
import { issueWords } from './issue_words';
import { Change } from './key_figures';

/** What goes wrong, by how many sessions it hits. */
export function IssuesView() {
  const { place } = usePanel();
  const request = useRequest<IssuesAnswer>('issues', filterParameters(place));
  return (
    <section class="view" data-view="issues">
      <h2 class="visually-hidden">Top issues</h2>
      <Answered
        request={request}
        empty={({ issues, sessions }) =>
          sessions === 0
            ? 'No session ended in this range.'
            : issues.length === 0
              ? 'No issues in this range.'
              : undefined
        }
      >
        {({ issues, sessions }) => (
          <>
            <p class="muted">Of {count(sessions)} sessions in this range.</p>
            <ol class="issue-list">
              {issues.map((issue) => (
                <Issue key={`${issue.code} ${issue.severity}`} issue={issue} />
              ))}
            </ol>
          </>
        )}
      </Answered>
    </section>
  );
}

function Issue({ issue }: { issue: IssueEntry }) {
  const { place } = usePanel();
  const { title, meaning, helps } = issueWords(issue.code);
  const query = sharedQuery(place);
  return (
    <li class="card issue" data-issue={issue.code}>
      <div class="issue-head">
        <h3>{title}</h3>
        <Severity severity={issue.severity} />
        <span class="issue-share">
          <b>{percent(issue.share_pct)}</b> of sessions ({count(issue.sessions)})
        </span>
        <span>
          <Change now={issue.share_pct} before={issue.before.share_pct} digits={1} better="lower" />
        </span>
      </div>
      <div class="share-track" aria-hidden="true">
        <i
          class={issue.severity === 'critical' ? 'fill-failed' : 'fill-fair'}
          style={{ width: `${issue.share_pct ?? 0}%` }}
        />
      </div>
      {meaning && <p>{meaning}</p>}
      {helps && (
        <p class="muted">
          <b>What usually helps:</b> {helps}
        </p>
      )}
      <p class="issue-links">
        <a href={formatPlace({ tab: 'quality', path: ['sessions'], query: { ...query, issue: issue.code } })}>
          All its sessions
        </a>
        {issue.examples.slice(0, 3).map((id, i) => (
          <a key={id} href={formatPlace({ tab: 'quality', path: ['session', id], query })}>
            Example {i + 1}
          </a>
        ))}
      </p>
    </li>
  );
}
