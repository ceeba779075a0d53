import { Chart } from '../charts/chart';
import { TwoWayChart } from '../charts/two_way_chart';
import { count, milliseconds, number, percent } from '../format';
import type { Point, SeriesAnswer } from './answers';
import { kRatings } from './rows';

const kGroup = 'overview';

/** The range's figures over time. */
export function SeriesCharts({ series }: { series: SeriesAnswer }) {
  const { points } = series;
  const times = points.map(({ at }) => Date.parse(at) / 1000);
  const values = (of: (point: Point) => number | null) => points.map(of);
  const shared = { times, group: kGroup };
  return (
    <div class="charts">
      <Chart
        {...shared}
        title="Score"
        format={(v) => number(v, 1)}
        min={0}
        max={100}
        target={{ value: 75, label: 'target 75' }}
        lines={[{ label: 'average', values: values((b) => b.score), colour: '--accent', fill: true }]}
      />
      <Chart
        {...shared}
        title="Latency"
        unit="ms"
        format={milliseconds}
        min={0}
        target={{ value: 200, label: 'target 200 ms' }}
        lines={[
          { label: 'p50', values: values((b) => b.latency.p50_ms), colour: '--accent' },
          { label: 'p95', values: values((b) => b.latency.p95_ms), colour: '--fair', dash: true },
        ]}
      />
      <TwoWayChart
        {...shared}
        title="Packet loss"
        unit="%"
        format={(v) => percent(v, 2)}
        who="users"
        from={values((b) => b.loss_in.avg_pct)}
        to={values((b) => b.loss_out.avg_pct)}
      />
      <Chart
        {...shared}
        title="Ratings"
        kind="stacked"
        format={count}
        min={0}
        lines={kRatings.map((name) => ({
          label: name,
          values: values((b) => b.ratings[name].sessions),
          colour: `--${name}`,
        }))}
      />
      <Chart
        {...shared}
        title="Sessions"
        kind="bars"
        format={count}
        min={0}
        lines={[{ label: 'sessions', values: values((b) => b.sessions), colour: '--accent' }]}
      />
      <Chart
        {...shared}
        title="Sessions with drops"
        unit="%"
        format={(v) => percent(v)}
        min={0}
        target={{ value: 5, label: 'target 5 %' }}
        lines={[{ label: 'with a drop', values: values((b) => b.drops.share_pct), colour: '--failed', fill: true }]}
      />
    </div>
  );
}
