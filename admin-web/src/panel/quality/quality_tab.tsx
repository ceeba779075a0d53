import './quality.css';
import type { JSX } from 'preact';
import { usePanel } from '../context';
import { LinkBar } from '../link_bar';
import { formatPlace } from '../location_state';
import { AlertsView } from './alerts_view';
import { FilterBar } from './filter_bar';
import { sharedQuery } from './filters';
import { IssuesView } from './issues_view';
import { LiveView } from './live_view';
import { OverviewView } from './overview_view';
import { ProvidersView } from './providers_view';
import { SessionView } from './session_view';
import { SessionsView } from './sessions_view';

interface View {
  name: string;
  title: string;
  view: () => JSX.Element;
}

const kOverview: View = { name: 'overview', title: 'Overview', view: OverviewView };

const kViews: View[] = [
  kOverview,
  { name: 'providers', title: 'Providers', view: ProvidersView },
  { name: 'issues', title: 'Top issues', view: IssuesView },
  { name: 'sessions', title: 'Sessions', view: SessionsView },
  { name: 'live', title: 'Live', view: LiveView },
  { name: 'alerts', title: 'Alerts', view: AlertsView },
];

/** Quality Analytics: what happened on the calls of this service. */
export function QualityTab() {
  const { place } = usePanel();
  const [name, id] = place.path;
  const single = name === 'session' && id ? id : undefined;
  const current = kViews.find((view) => view.name === name) ?? kOverview;
  const View = current.view;
  const query = sharedQuery(place);
  return (
    <>
      <h1 class="visually-hidden">Quality Analytics</h1>
      <LinkBar
        class="views"
        label="Views"
        links={kViews.map(({ name: other, title }) => ({
          name: other,
          title,
          href: formatPlace({ tab: 'quality', path: [other], query }),
        }))}
        current={single ? undefined : current.name}
      />
      {single ? (
        <SessionView id={single} />
      ) : (
        <>
          <FilterBar view={current.name} />
          <View key={current.name} />
        </>
      )}
    </>
  );
}
