import uPlot from 'uplot';
import type { ChartProps, Line, Mark, Values } from './chart';
import { resolveColour } from './colours';

const kFont = '11px system-ui, sans-serif';

/** What uPlot needs for a chart of ours. */
export function chartOptions(
  props: ChartProps,
  width: number,
  height: number,
): { options: uPlot.Options; data: uPlot.AlignedData } {
  const { times, lines, kind = 'lines', format, min, max, group } = props;
  const drawn = kind === 'stacked' ? stack(lines) : lines;
  const grid = { stroke: resolveColour('--line'), width: 1 };
  const axis = { stroke: resolveColour('--muted'), grid, ticks: { ...grid, size: 4 }, font: kFont };
  const options: uPlot.Options = {
    width: Math.max(width, 100),
    height,
    padding: [10, 8, 0, 0],
    scales: { x: { time: true }, y: { range: (_plot, low, high) => limits(low, high, min, max) } },
    axes: [
      { ...axis, space: 70, size: 26 },
      {
        ...axis,
        size: 52,
        space: 28,
        values: (_plot, splits) => splits.map((split) => format(split).replace(/\u00a0.*$/, '')),
      },
    ],
    series: [
      { value: (_plot, at) => (at === null ? '' : clock(at)) },
      ...drawn.map((line, i) => seriesOf(line, kind, format, sourceOf(lines, kind, i))),
    ],
    cursor: { points: { size: 6 }, drag: { x: false, y: false }, ...(group ? { sync: { key: group } } : {}) },
    legend: { live: true },
    plugins: [overlay(props)],
  };
  return { options, data: [times as number[], ...drawn.map(({ values }) => values as (number | null)[])] };
}

/** Each bar reaches from 0 to the sum of all up to its own; the highest is drawn first, so that each shows its own part. */
export function stack(lines: readonly Line[]): Line[] {
  const sums: (number | null)[] = [];
  const stacked = lines.map((line) => {
    const values = line.values.map((value, i) => {
      sums[i] = (sums[i] ?? 0) + (value ?? 0);
      return sums[i] ?? 0;
    });
    return { ...line, values };
  });
  return stacked.reverse();
}

const sourceOf = (lines: readonly Line[], kind: string, i: number): Values =>
  (kind === 'stacked' ? lines[lines.length - 1 - i] : lines[i])?.values ?? [];

function seriesOf(line: Line, kind: string, format: ChartProps['format'], source: Values): uPlot.Series {
  const colour = resolveColour(line.colour);
  const series: uPlot.Series = {
    label: line.label,
    stroke: colour,
    width: 1.6,
    spanGaps: false,
    value: (_plot, _value, _series, i) => (i === null ? '' : format(source[i] ?? null)),
  };
  if (kind !== 'lines') {
    const paths = uPlot.paths.bars?.({ size: [0.86, 24], gap: 1 });
    return { ...series, width: 0, fill: colour, points: { show: false }, ...(paths ? { paths } : {}) };
  }
  if (line.dash) series.dash = [5, 4];
  if (line.fill) series.fill = colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.12)');
  series.points = { show: false };
  return series;
}

/** The axis holds the values and what was asked for, with some room above. */
export function limits(
  low: number | null,
  high: number | null,
  min: number | undefined,
  max: number | undefined,
): [number, number] {
  const bottom = Math.min(min ?? low ?? 0, low ?? min ?? 0);
  const top = Math.max(
    max ?? Number.NEGATIVE_INFINITY,
    (high ?? 1) * (max !== undefined && (high ?? 0) <= max ? 1 : 1.08),
  );
  return top > bottom ? [bottom, top] : [bottom, bottom + 1];
}

/** Draws the target level and the marks. */
function overlay({ target, marks = [] }: ChartProps): uPlot.Plugin {
  const line = (plot: uPlot, colour: string, from: [number, number], to: [number, number]) => {
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(...from);
    ctx.lineTo(...to);
    ctx.stroke();
    ctx.restore();
  };
  const word = (plot: uPlot, text: string, colour: string, x: number, y: number, align: CanvasTextAlign) => {
    const { ctx } = plot;
    ctx.save();
    ctx.fillStyle = colour;
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = align;
    ctx.fillText(text, x, y);
    ctx.restore();
  };
  const drawMark = (plot: uPlot, { at, label, colour }: Mark) => {
    const { left, top, width, height } = plot.bbox;
    const x = plot.valToPos(at, 'x', true);
    if (x < left || x > left + width) return;
    const resolved = resolveColour(colour);
    line(plot, resolved, [x, top], [x, top + height]);
    const atRight = x > left + 0.8 * width;
    word(
      plot,
      label,
      resolved,
      x + (atRight ? -4 : 4) * devicePixelRatio,
      top + 10 * devicePixelRatio,
      atRight ? 'right' : 'left',
    );
  };
  return {
    hooks: {
      draw: (plot) => {
        const { left, width } = plot.bbox;
        if (target) {
          const y = plot.valToPos(target.value, 'y', true);
          const colour = resolveColour('--muted');
          line(plot, colour, [left, y], [left + width, y]);
          word(plot, target.label, colour, left + width - 4, y - 4 * devicePixelRatio, 'right');
        }
        for (const mark of marks) drawMark(plot, mark);
      },
    },
  };
}

function clock(at: number): string {
  const date = new Date(1000 * at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
