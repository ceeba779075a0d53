import uPlot from 'uplot';
import { axisNumber, axisTime, limits } from './axis';
import type { ChartProps, Line } from './chart';
import { resolveColour } from './colours';
import { overlay } from './overlay';

const kManyBars = 80;
const kFont = '11px system-ui, sans-serif';

interface Size {
  width: number;
  height: number;
}

/** What uPlot needs for a chart of ours; `hover` is told which point the cursor is at. */
export function chartOptions(
  props: ChartProps,
  { width, height }: Size,
  hover: (at: number | undefined) => void,
): { options: uPlot.Options; data: uPlot.AlignedData } {
  const { times, lines, kind = 'lines', min, max, group } = props;
  const drawn = kind === 'stacked' ? stack(lines) : lines;
  const grid = { stroke: resolveColour('--line'), width: 1 };
  const axis = { stroke: resolveColour('--muted'), grid, ticks: { ...grid, size: 4 }, font: kFont };
  const options: uPlot.Options = {
    width: Math.max(width, 100),
    height,
    padding: [12, 22, 0, 0],
    scales: { x: { time: true }, y: { range: (_plot, low, high) => limits(low, high, min, max) } },
    axes: [
      {
        ...axis,
        space: 60,
        size: 24,
        values: (_plot, splits, _axis, _space, step) => splits.map((at) => axisTime(at, step)),
      },
      { ...axis, size: 46, space: 28, values: (_plot, splits) => splits.map(axisNumber) },
    ],
    series: [{}, ...drawn.map((line) => seriesOf(line, kind))],
    cursor: { points: { size: 6 }, drag: { x: false, y: false }, ...(group ? { sync: { key: group } } : {}) },
    legend: { show: false },
    hooks: { setCursor: [({ cursor }) => hover(cursor.idx ?? undefined)] },
    plugins: [overlay(props)],
  };
  if (kind !== 'lines') options.scales = { ...options.scales, x: { time: true, range: widened } };
  return { options, data: [times as number[], ...drawn.map(({ values }) => values as (number | null)[])] };
}

/** Bars stand on their point, so that the first and the last need half a step more. */
function widened(plot: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  const times = plot.data[0];
  const step = times.length > 1 ? ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1) : 3600;
  return [(low ?? 0) - step / 2, (high ?? 0) + step / 2];
}

/** Each bar reaches from 0 to the sum of all up to its own; the highest is drawn first, so that each shows its own part. */
export function stack(lines: readonly Line[]): Line[] {
  const sums: number[] = [];
  const stacked = lines.map((line) => {
    const values = line.values.map((value, i) => {
      const sum = (sums[i] ?? 0) + (value ?? 0);
      sums[i] = sum;
      return sum;
    });
    return { ...line, values };
  });
  return stacked.reverse();
}

function seriesOf(line: Line, kind: string): uPlot.Series {
  const colour = resolveColour(line.colour);
  const series: uPlot.Series = {
    label: line.label,
    stroke: colour,
    width: 1.6,
    spanGaps: false,
    points: { show: false },
  };
  if (kind !== 'lines') {
    // Where there are many, gaps would take most of the bars' width.
    const paths = uPlot.paths.bars?.(line.values.length > kManyBars ? { size: [1, 24] } : { size: [0.86, 24], gap: 1 });
    return { ...series, width: 0, fill: colour, ...(paths ? { paths } : {}) };
  }
  if (line.dash) series.dash = [5, 4];
  if (line.fill) series.fill = colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.12)');
  return series;
}
