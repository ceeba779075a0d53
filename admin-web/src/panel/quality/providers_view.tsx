import { usePanel } from '../context';
import { bitrate, count, kDash, milliseconds, number, percent, words } from '../format';
import { Answered } from '../states';
import { figure, Table } from '../table';
import { useRequest } from '../use_request';
import type { Figures, ProvidersAnswer } from './answers';
import { filterParameters } from './filters';
import { kRatings } from './rows';

interface Row {
  /** As `comparison` names it. */
  figure: string;
  title: string;
  value: (figures: Figures) => number | null;
  text: (value: number | null) => string;
}

const kRows: Row[] = [
  { figure: 'sessions', title: 'Sessions', value: (f) => f.sessions, text: count },
  { figure: 'scored', title: 'With a score', value: (f) => f.scored, text: count },
  { figure: 'score', title: 'Average score', value: (f) => f.score, text: (v) => number(v, 1) },
  {
    figure: 'poor_or_failed',
    title: 'Poor or failed',
    value: (f) => f.poor_or_failed.share_pct,
    text: (v) => percent(v),
  },
  { figure: 'latency', title: 'Latency, average', value: (f) => f.latency.avg_ms, text: milliseconds },
  { figure: 'latency_p50', title: 'Latency, p50', value: (f) => f.latency.p50_ms, text: milliseconds },
  { figure: 'latency_p95', title: 'Latency, p95', value: (f) => f.latency.p95_ms, text: milliseconds },
  { figure: 'jitter', title: 'Jitter, average', value: (f) => f.jitter.avg_ms, text: milliseconds },
  { figure: 'loss_in', title: 'Loss from users', value: (f) => f.loss_in.avg_pct, text: (v) => percent(v, 2) },
  { figure: 'loss_out', title: 'Loss to users', value: (f) => f.loss_out.avg_pct, text: (v) => percent(v, 2) },
  { figure: 'bandwidth_in', title: 'Bitrate from users', value: (f) => f.bandwidth_in.avg_kbps, text: bitrate },
  { figure: 'bandwidth_out', title: 'Bitrate to users', value: (f) => f.bandwidth_out.avg_kbps, text: bitrate },
  { figure: 'frame_rate', title: 'Frame rate', value: (f) => f.frame_rate.avg, text: (v) => number(v, 1) },
  { figure: 'drops', title: 'Sessions with drops', value: (f) => f.drops.share_pct, text: (v) => percent(v) },
  { figure: 'freezes', title: 'Freezes', value: (f) => f.freezes.count, text: count },
  ...kRatings.map((name) => ({
    figure: name,
    title: `Rated ${name}`,
    value: (f: Figures) => f.ratings[name].share_pct,
    text: (v: number | null) => percent(v),
  })),
];

/** Media through Janus against media between the peers. */
export function ProvidersView() {
  const { place } = usePanel();
  const { provider: _, ...parameters } = filterParameters(place);
  const request = useRequest<ProvidersAnswer>('providers', parameters);
  return (
    <section class="view" data-view="providers">
      <h2 class="visually-hidden">Provider comparison</h2>
      <Answered
        request={request}
        empty={({ providers }) => (providers.length === 0 ? 'No session ended in this range.' : undefined)}
      >
        {(answer) => <Comparison answer={answer} />}
      </Answered>
    </section>
  );
}

function Comparison({ answer: { providers, comparison } }: { answer: ProvidersAnswer }) {
  const compared = providers.length > 1 && comparison.length > 0;
  return (
    <>
      <Table
        label="Figures per provider"
        class="narrow"
        heads={[
          'Figure',
          ...providers.map(({ provider }) => figure(provider === 'janus' ? 'Janus' : provider)),
          ...(compared ? ['Difference'] : []),
        ]}
      >
        {kRows.map((row) => (
          <tr key={row.figure} data-figure={row.figure}>
            <th scope="row">{row.title}</th>
            {providers.map((figures) => (
              <td key={figures.provider} class="figure">
                {row.text(row.value(figures))}
              </td>
            ))}
            {compared && <Difference row={row} comparison={comparison} />}
          </tr>
        ))}
      </Table>
      {compared && (
        <p class="muted">
          “Within noise” means that two groups of this size would differ as much by chance in more than 1 of 20
          comparisons.
        </p>
      )}
    </>
  );
}

function Difference({ row, comparison }: { row: Row; comparison: ProvidersAnswer['comparison'] }) {
  const entry = comparison.find(({ figure }) => figure === row.figure || figure.startsWith(`${row.figure}.`));
  if (!entry) return <td />;
  if (entry.within_noise === null) return <td class="muted">{kDash}</td>;
  return (
    <td data-noise={entry.within_noise} title={words(entry.figure)}>
      {entry.within_noise ? <span class="muted">≈ within noise</span> : <b>≠ {row.text(entry.difference)}</b>}
    </td>
  );
}
