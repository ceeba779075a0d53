import { Chart, type Mark } from '../charts/chart';
import { TwoWayChart } from '../charts/two_way_chart';
import { bitrate, milliseconds, number, percent, timeOfDay } from '../format';
import type { Timeline, TimelinePoint } from './answers';
import { marksOf, together } from './timeline_marks';

/** A session's course, with what happened drawn on it. */
export function TimelineCharts({ timeline, startedAt }: { timeline: Timeline; startedAt: string }) {
  const { points, sample_interval_ms, samples_per_point } = timeline;
  const start = Date.parse(startedAt) / 1000;
  const times = points.map((_, i) => start + ((i + 1) * samples_per_point * sample_interval_ms) / 1000);
  const marks = marksOf(timeline, start);
  const values = (of: (point: TimelinePoint) => number | null) => points.map(of);
  const shared = { times, marks: together(marks), group: 'session', height: 130 };
  return (
    <div class="charts">
      <Chart
        {...shared}
        title="Score"
        format={(v) => number(v)}
        min={0}
        max={100}
        lines={[{ label: 'score', values: values((p) => p.score), colour: '--accent', fill: true }]}
      />
      <Chart
        {...shared}
        title="Latency"
        unit="ms"
        format={milliseconds}
        min={0}
        lines={[{ label: 'round trip', values: values((p) => p.latency_ms), colour: '--accent' }]}
      />
      <TwoWayChart
        {...shared}
        title="Packet loss"
        unit="%"
        format={(v) => percent(v)}
        who="the user"
        from={values((p) => p.packet_loss_in_pct)}
        to={values((p) => p.packet_loss_out_pct)}
      />
      <TwoWayChart
        {...shared}
        title="Bitrate"
        unit="kbit/s"
        format={bitrate}
        who="the user"
        from={values((p) => p.bandwidth_in_kbps)}
        to={values((p) => p.bandwidth_out_kbps)}
      />
      <Chart
        {...shared}
        title="Frame rate"
        format={(v) => number(v)}
        min={0}
        lines={[{ label: 'frames a second', values: values((p) => p.frame_rate), colour: '--accent' }]}
      />
      <Happenings marks={marks} />
    </div>
  );
}

function Happenings({ marks }: { marks: readonly Mark[] }) {
  return (
    <section class="card" aria-label="What happened">
      <h3>What happened</h3>
      {marks.length === 0 && <p class="muted">Nothing out of the ordinary.</p>}
      <ol class="plain happenings">
        {marks.map(({ letter, at, label }) => (
          <li key={letter}>
            <b>{letter}</b>
            <span class="muted">{timeOfDay(new Date(1000 * at).toISOString())}</span>
            <span>{label}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
