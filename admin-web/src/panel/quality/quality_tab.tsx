import type { JSX } from 'preact';
import { usePanel } from '../context';
import { formatPlace } from '../location_state';
import { FilterBar } from './filter_bar';
import { sharedQuery } from './filters';
import { SessionView } from './session_view';
import { SessionsView } from './sessions_view';

const kViews: { name: string; title: string; view: () => JSX.Element; filters: boolean }[] = [
  { name: 'sessions', title: 'Sessions', view: SessionsView, filters: true },
];

/** Quality Analytics: what happened on the calls of this service. */
export function QualityTab() {
  const { place } = usePanel();
  const [name, id] = place.path;
  const single = name === 'session' && id ? id : undefined;
  const current = kViews.find((view) => view.name === name) ?? kViews[0];
  const View = current?.view ?? SessionsView;
  const query = sharedQuery(place);
  return (
    <>
      <h1 class="visually-hidden">Quality Analytics</h1>
      <nav class="views" aria-label="Views">
        {kViews.map(({ name: other, title }) => (
          <a
            key={other}
            href={formatPlace({ tab: 'quality', path: [other], query })}
            aria-current={current?.name === other && !single ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {single && <SessionView id={single} />}
      {!single && current?.filters && <FilterBar />}
      {!single && <View key={current?.name} />}
    </>
  );
}
