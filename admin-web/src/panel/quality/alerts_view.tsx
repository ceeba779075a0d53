import { usePanel } from '../context';
import { count, milliseconds, number, percent, time, words } from '../format';
import { formatPlace } from '../location_state';
import { Empty, Loading, Problem } from '../states';
import { figure, Table } from '../table';
import type { AlertEntry, AlertsAnswer } from './answers';
import { filterParameters } from './filters';
import { usePages } from './use_pages';

const kMetrics: Record<string, (value: number | null) => string> = {
  poor_or_failed_sessions: (v) => number(v),
  poor_or_failed_share: (v) => percent(v),
  latency: milliseconds,
  drops_share: (v) => percent(v),
};

const kHeads = [
  'Raised',
  'Rule',
  'Figure',
  figure('Value'),
  figure('Threshold'),
  'Window',
  figure('Sessions'),
  'Examples',
];

/** What the rules of the configuration raised. */
export function AlertsView() {
  const { place } = usePanel();
  const pages = usePages<AlertsAnswer, AlertEntry>('alerts', filterParameters(place), ({ alerts, next }) => ({
    rows: alerts,
    next,
  }));
  return (
    <section class="view" data-view="alerts">
      <h2 class="visually-hidden">Alerts</h2>
      <div class="answered" aria-busy={pages.loading} data-loading={pages.loading}>
        {pages.rows.length > 0 && <AlertTable alerts={pages.rows} />}
        {!pages.loading && !pages.error && pages.rows.length === 0 && (
          <Empty>
            No alert fits this range and these filters. Rules are set in the plugin’s configuration, under “alerts”.
          </Empty>
        )}
        {pages.error && <Problem error={pages.error} again={pages.again} />}
        {pages.loading && <Loading />}
        {pages.next !== undefined && !pages.loading && (
          <button type="button" class="button" onClick={() => pages.more()}>
            More
          </button>
        )}
      </div>
    </section>
  );
}

function AlertTable({ alerts }: { alerts: readonly AlertEntry[] }) {
  return (
    <Table label="Alerts" heads={kHeads}>
      {alerts.map((alert) => (
        <tr key={`${alert.rule} ${alert.window_start}`} data-alert={alert.rule}>
          <td>{time(alert.raised_at)}</td>
          <td>{alert.rule}</td>
          <td>{words(alert.metric)}</td>
          <td class="figure">{format(alert, alert.value)}</td>
          <td class="figure">{format(alert, alert.threshold)}</td>
          <td>
            <a href={windowPlace(alert)}>
              {time(alert.window_start)} – {time(alert.window_end).slice(11)}
            </a>
          </td>
          <td class="figure">{count(alert.sessions)}</td>
          <td>
            {alert.examples.slice(0, 5).map((id, i) => (
              <a
                key={id}
                class="listed"
                aria-label={`Session ${i + 1} of ${alert.rule}`}
                href={formatPlace({ tab: 'quality', path: ['session', id], query: {} })}
              >
                {i + 1}
              </a>
            ))}
          </td>
        </tr>
      ))}
    </Table>
  );
}

const format = ({ metric }: AlertEntry, value: number | null) => (kMetrics[metric] ?? ((v) => number(v, 1)))(value);

const windowPlace = ({ window_start, window_end }: AlertEntry) =>
  formatPlace({ tab: 'quality', path: ['sessions'], query: { from: window_start, to: window_end, order: 'worst' } });
