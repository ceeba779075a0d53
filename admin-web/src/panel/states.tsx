import type { ComponentChildren } from 'preact';
import type { AdminError } from './admin_api';
import type { Requested } from './use_request';

/** What stands in for an answer that is not there: loading, an error with a way to try again, the database being away. */
export function Answered<Answer>({
  request,
  children,
  empty,
}: {
  request: Requested<Answer>;
  children: (answer: Answer) => ComponentChildren;
  /** What to say where there is nothing to show. */
  empty?: (answer: Answer) => string | undefined;
}) {
  const { answer, error, loading, again } = request;
  const nothing = answer === undefined ? undefined : empty?.(answer);
  return (
    <div class="answered" aria-busy={loading} data-loading={loading}>
      {error && <Problem error={error} again={again} />}
      {answer === undefined && loading && <Loading />}
      {nothing !== undefined && <Empty>{nothing}</Empty>}
      {answer !== undefined && nothing === undefined && children(answer)}
    </div>
  );
}

export function Loading() {
  return (
    <p class="state" role="status">
      Loading…
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="state">{children}</p>;
}

export function Problem({ error, again }: { error: AdminError; again?: () => void }) {
  return (
    <div class="notice error" role="alert" data-error={error.code}>
      {error.databaseAway ? (
        <p>
          The database cannot be reached, or none is configured. Calls go on, and their rows wait on disk until it is
          back.
        </p>
      ) : (
        <p>{error.message}</p>
      )}
      {again && (
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
