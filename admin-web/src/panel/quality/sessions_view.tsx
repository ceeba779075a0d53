import { useEffect, useRef } from 'preact/hooks';
import { usePanel } from '../context';
import { withQuery } from '../location_state';
import { Empty, Loading, Problem } from '../states';
import type { SessionsAnswer } from './answers';
import { ExportButton } from './export_button';
import { filterParameters } from './filters';
import type { SessionRow } from './rows';
import { SessionTable } from './session_table';
import { usePages } from './use_pages';

const kPageSize = 50;

/** Finished sessions, newest or worst first, endless. */
export function SessionsView() {
  const { place, go } = usePanel();
  const order = place.query.order === 'worst' ? 'worst' : 'newest';
  const parameters = { ...filterParameters(place), order, limit: kPageSize, issue: place.query.issue };
  const pages = usePages<SessionsAnswer, SessionRow>('sessions', parameters, ({ sessions, next }) => ({
    rows: sessions,
    next,
  }));
  return (
    <section class="view" data-view="sessions">
      <div class="view-head">
        <h2>Sessions{place.query.issue ? ` with ${place.query.issue.replaceAll('_', ' ')}` : ''}</h2>
        <ExportButton />
        <div class="segments" role="group" aria-label="Order">
          {(['newest', 'worst'] as const).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={order === name}
              onClick={() => go(withQuery(place, { order: name === 'newest' ? undefined : name }), 'replace')}
            >
              {name} first
            </button>
          ))}
        </div>
      </div>
      <div aria-busy={pages.loading} data-loading={pages.loading}>
        {pages.rows.length > 0 && <SessionTable rows={pages.rows} />}
        {!pages.loading && !pages.error && pages.rows.length === 0 && <Empty>No sessions match this.</Empty>}
        {pages.error && <Problem error={pages.error} again={pages.again} />}
        {pages.loading && <Loading />}
        {pages.next !== undefined && !pages.loading && !pages.error && (
          <More load={pages.more} key={pages.rows.length} />
        )}
      </div>
    </section>
  );
}

/** Loads the next page when it comes into view; it is a button as well. */
function More({ load }: { load: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const loadNow = useRef(load);
  loadNow.current = load;
  useEffect(() => {
    if (!button.current) return;
    // A busy browser tells several changes at once, and the last one is what is so.
    const observer = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && loadNow.current(), {
      rootMargin: '400px',
    });
    observer.observe(button.current);
    return () => observer.disconnect();
  }, []);
  return (
    <button type="button" class="button" ref={button} onClick={() => load()}>
      More
    </button>
  );
}
