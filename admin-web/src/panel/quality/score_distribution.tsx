import { count } from '../format';
import { figure, Table } from '../table';

const kGood = [
  { from: 86, rating: 'excellent' },
  { from: 75, rating: 'good' },
  { from: 64, rating: 'fair' },
] as const;

/** How many sessions have which score, each step in the colour of the rating that its middle has. */
export function ScoreDistribution({ counts }: { counts: readonly number[] }) {
  const most = Math.max(1, ...counts);
  const width = 100 / Math.max(1, counts.length);
  const rating = (step: number) => kGood.find(({ from }) => (step + 0.5) * width >= from)?.rating ?? 'poor';
  return (
    <section class="card" aria-label="Distribution of scores">
      <h3>Distribution of scores</h3>
      <div class="histogram" aria-hidden="true">
        {counts.map((sessions, step) => (
          <i key={`${step * width}`} class={`fill-${rating(step)}`} style={{ height: `${(100 * sessions) / most}%` }} />
        ))}
      </div>
      <div class="histogram-axis muted" aria-hidden="true">
        <span>0</span>
        <span>25</span>
        <span>50</span>
        <span>75</span>
        <span>100</span>
      </div>
      <details class="chart-table">
        <summary>
          Table<span class="visually-hidden"> of the distribution of scores</span>
        </summary>
        <Table label="Table of the distribution of scores" heads={['Score', figure('Sessions')]}>
          {counts.map((sessions, step) => (
            <tr key={`${step * width}`}>
              <td>
                {step * width} – {(step + 1) * width}
              </td>
              <td class="figure">{count(sessions)}</td>
            </tr>
          ))}
        </Table>
      </details>
    </section>
  );
}
