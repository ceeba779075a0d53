import { Chart, type ChartProps, type Values } from './chart';

interface TwoWayChartProps extends Omit<ChartProps, 'lines' | 'kind' | 'min'> {
  /** Whom it comes from and goes to: users, the user. */
  who: string;
  from: Values;
  to: Values;
}

/** A figure that each direction has its own of, from 0 on. */
export function TwoWayChart({ who, from, to, ...props }: TwoWayChartProps) {
  return (
    <Chart
      {...props}
      min={0}
      lines={[
        { label: `from ${who}`, values: from, colour: '--poor' },
        { label: `to ${who}`, values: to, colour: '--accent', dash: true },
      ]}
    />
  );
}
