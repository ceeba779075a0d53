import '../common/theme.css';
import './panel.css';
import { render } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { AdminApi } from './admin_api';
import { PanelContext } from './context';
import { HealthBadge } from './health_badge';
import { lazy } from './lazy';
import { LinkBar } from './link_bar';
import { formatPlace, type Tab } from './location_state';
import { QualityTab } from './quality/quality_tab';
import { SignIn } from './sign_in';
import { ThemeChoice } from './theme_choice';
import { usePlace } from './use_place';

const WebrtcTab = lazy(async () => (await import('./webrtc/webrtc_tab')).WebrtcTab);
const FeaturesTab = lazy(async () => (await import('./features/features_tab')).FeaturesTab);

// A tab is a component without properties; it finds the API and its place in the address through usePanel(). All but the one
// that is shown first are loaded when they are opened.
const kTabViews: { tab: Tab; title: string; view: () => preact.JSX.Element }[] = [
  { tab: 'webrtc', title: 'WebRTC Testing', view: WebrtcTab },
  { tab: 'quality', title: 'Quality Analytics', view: QualityTab },
  { tab: 'features', title: 'Feature Tests', view: FeaturesTab },
];

function App() {
  const [api, setApi] = useState<AdminApi>();
  const [place, go] = usePlace();
  const panel = useMemo(() => api && { api, place, go }, [api, place, go]);
  if (!panel) return <SignIn onSignedIn={setApi} ended={undefined} />;
  const current = kTabViews.find(({ tab }) => tab === place.tab) ?? kTabViews[1];
  const View = current?.view ?? QualityTab;
  return (
    <PanelContext.Provider value={panel}>
      <header class="panel-head">
        <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
          Skip to the content
        </button>
        <strong class="brand">Callroom</strong>
        <LinkBar
          class="tabs"
          label="Parts of the panel"
          links={kTabViews.map(({ tab, title }) => ({
            name: tab,
            title,
            href: formatPlace({ tab, path: [], query: {} }),
          }))}
          current={place.tab}
        />
        <div class="panel-actions">
          <HealthBadge />
          <ThemeChoice />
          <button type="button" class="button small" onClick={() => setApi(undefined)}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1} data-tab={place.tab}>
        <View key={place.tab} />
      </main>
    </PanelContext.Provider>
  );
}

const root = document.getElementById('app');
if (root) render(<App />, root);
