import { useState } from 'preact/hooks';
import { time } from '../format';
import { figure, Table } from '../table';
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
        <Table
          label={`Table of ${title}`}
          heads={['Time', ...lines.map(({ label }) => figure(label)), ...(marks.length > 0 ? ['What happened'] : [])]}
        >
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
        </Table>
      )}
    </details>
  );
}

function marksBetween(marks: readonly Mark[], from: number, to: number | undefined): string {
  const within = marks.filter(({ at }) => at >= from && (to === undefined || at < to));
  return within.map(({ label }) => label).join(', ');
}
