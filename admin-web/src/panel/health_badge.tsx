import type { HealthAnswer } from './quality/answers';
import { useRequest } from './use_request';

const kEveryMs = 15_000;

/** Whether the plugin, its database and its outbox are well; opened, what is wrong. */
export function HealthBadge() {
  const { answer, error } = useRequest<HealthAnswer>('health', {}, kEveryMs);
  if (!answer && !error) return null;
  const problems = error ? [error.message] : (answer?.problems ?? []);
  const word = error ? 'unreachable' : problems.length > 0 ? 'degraded' : 'healthy';
  return (
    <details class={`health ${word}`} data-health={word}>
      <summary>
        <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
          <path
            d={word === 'healthy' ? 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z' : 'M6 1.5l5 9H1z'}
            fill="currentColor"
          />
        </svg>
        {word}
      </summary>
      <div class="health-detail">
        {problems.length === 0 && <p>Everything is well.</p>}
        <ul class="plain">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
        <p class="muted">
          Database: {answer?.database?.state ?? 'unknown'}. Rows waiting on disk: {answer?.outbox?.rows ?? 'unknown'}.
          Version {answer?.version ?? 'unknown'}.
        </p>
      </div>
    </details>
  );
}
