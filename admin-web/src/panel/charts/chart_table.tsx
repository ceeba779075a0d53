import { useState } from 'preact/hooks';
import { time } from '../format';
import type { Line, Mark } from './chart';

interface ChartTableProps {
  title: string;
  times: readonly number[];
  lines: readonly Line[];
  marks?: readonly Mark[];
  format: (value: number | null) => string;
}

/** The figures of a chart, for those who cannot see it or want them exact. Drawn only once asked for. */
export function ChartTable({ title, times, lines, marks = [], format }: ChartTableProps) {
  const [open, setOpen] = useState(false);
  return (
    <details class="chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Table<span class="visually-hidden"> of {title}</span>
      </summary>
      {open && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label={`Table of ${title}`}>
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">Time</th>
                {lines.map(({ label }) => (
                  <th key={label} scope="col" class="figure">
                    {label}
                  </th>
                ))}
                {marks.length > 0 && <th scope="col">What happened</th>}
              </tr>
            </thead>
            <tbody>
              {times.map((at, i) => (
                <tr key={at}>
                  <td>{time(new Date(1000 * at).toISOString())}</td>
                  {lines.map(({ label, values }) => (
                    <td key={label} class="figure">
                      {format(values[i] ?? null)}
                    </td>
                  ))}
                  {marks.length > 0 && <td>{marksBetween(marks, at, times[i + 1])}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function marksBetween(marks: readonly Mark[], from: number, to: number | undefined): string {
  const within = marks.filter(({ at }) => at >= from && (to === undefined || at < to));
  return within.map(({ label }) => label).join(', ');
}
