import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { ChartTable } from './chart_table';
import { useTheme } from './colours';
import { Legend } from './legend';
import { chartOptions } from './options';

export type Values = readonly (number | null)[];

export interface Line {
  label: string;
  values: Values;
  /** Custom property that the colour is taken from. */
  colour: string;
  dash?: boolean;
  fill?: boolean;
}

/** Something that happened at a moment, drawn as a line down the chart. */
export interface Mark {
  at: number;
  label: string;
  /** Stands for it on the chart. */
  letter: string;
  colour: string;
}

export interface ChartProps {
  title: string;
  /** Seconds since 1970, ascending, one for each value. */
  times: readonly number[];
  lines: readonly Line[];
  /** lines: drawn over each other; stacked: bars upon each other; bars: one series of bars. */
  kind?: 'lines' | 'stacked' | 'bars';
  /** Of the axis. */
  unit?: string;
  format: (value: number | null) => string;
  /** The axis begins and ends here at least. */
  min?: number;
  max?: number;
  /** A level to compare with, and its word. */
  target?: { value: number; label: string };
  marks?: readonly Mark[];
  height?: number;
  /** Charts of one group show the cursor at the same moment. */
  group?: string;
}

/** A chart over time, and the same figures as a table. */
export function Chart(props: ChartProps) {
  const { title, times, lines, format, height = 150 } = props;
  const place = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const [at, setAt] = useState<number>();
  const data = JSON.stringify([times, lines, props.marks]);

  // Before the page is drawn, so that figures and charts come in one frame.
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    const { options, data: columns } = chartOptions(props, { width: element.clientWidth, height }, setAt);
    const plot = new uPlot(options, columns, element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [data, theme, height]);

  return (
    <figure class="card chart" data-chart={title}>
      <figcaption>
        <h3>
          {title}
          {props.unit && <span class="muted">, {props.unit}</span>}
        </h3>
        <Legend {...props} at={at} />
      </figcaption>
      <div class="chart-plot" ref={place} role="img" aria-label={`${title}: chart; the table below has its figures`} />
      <ChartTable
        title={title}
        times={times}
        lines={lines}
        format={format}
        {...(props.marks ? { marks: props.marks } : {})}
      />
    </figure>
  );
}
