import { change, count, milliseconds, number, percent } from '../format';
import type { Figures, SummaryAnswer } from './answers';
import { type Judged, noise } from './noise';

interface KeyFigure {
  title: string;
  value: (figures: Figures) => number | null;
  text: (value: number | null) => string;
  digits: number;
  /** Which way is good; undefined where neither is. */
  better?: 'higher' | 'lower';
  /** By whose margin a change is judged, where there is one. */
  judged?: Judged;
}

const kFigures: KeyFigure[] = [
  { title: 'Sessions', value: ({ sessions }) => sessions, text: count, digits: 0 },
  {
    title: 'Average score',
    value: ({ score }) => score,
    text: (v) => number(v, 1),
    digits: 1,
    better: 'higher',
    judged: 'score',
  },
  {
    title: 'Poor or failed',
    value: ({ poor_or_failed }) => poor_or_failed.share_pct,
    text: percent,
    digits: 1,
    better: 'lower',
    judged: 'poor_or_failed',
  },
  { title: 'Latency, p50', value: ({ latency }) => latency.p50_ms, text: milliseconds, digits: 0, better: 'lower' },
  { title: 'Latency, p95', value: ({ latency }) => latency.p95_ms, text: milliseconds, digits: 0, better: 'lower' },
  {
    title: 'Loss from users',
    value: ({ loss_in }) => loss_in.avg_pct,
    text: (v) => percent(v, 2),
    digits: 2,
    better: 'lower',
    judged: 'loss_in',
  },
  {
    title: 'Loss to users',
    value: ({ loss_out }) => loss_out.avg_pct,
    text: (v) => percent(v, 2),
    digits: 2,
    better: 'lower',
    judged: 'loss_out',
  },
  {
    title: 'With drops',
    value: ({ drops }) => drops.share_pct,
    text: percent,
    digits: 1,
    better: 'lower',
    judged: 'drops',
  },
];

/** So few sessions before say nothing about a change. */
export const kFewest = 20;

/** The few figures that matter most, each with how it moved against the period before. */
export function KeyFigures({ summary: { current, before } }: { summary: SummaryAnswer }) {
  return (
    <div class="key-figures-frame">
      <dl class="key-figures">
        {kFigures.map((figure) => (
          <div key={figure.title} data-figure={figure.title}>
            <dt>{figure.title}</dt>
            <dd class="key-value">{figure.text(figure.value(current))}</dd>
            <dd class="key-change">
              <Change
                now={figure.value(current)}
                before={before.sessions < kFewest ? null : figure.value(before)}
                noise={figure.judged && noise(figure.judged, current, before)}
                {...figure}
              />
            </dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        {count(current.scored)} of {count(current.sessions)} sessions have a score; {count(before.sessions)} sessions in
        the period before.
      </p>
    </div>
  );
}

interface ChangeProps {
  now: number | null;
  before: number | null;
  digits: number;
  better?: 'higher' | 'lower';
  /** A change up to this much may be chance. */
  noise?: number | undefined;
}

/** A change against the period before: sign, colour and a word for whether that is good, or too little to tell. */
export function Change({ now, before, digits, better, noise }: ChangeProps) {
  const text = change(now, before, digits);
  if (text === '' || now === null || before === null) return <span class="muted">no comparison</span>;
  if (text === '±0' || !better) return <span class="muted">{text}</span>;
  if (noise !== undefined && Math.abs(now - before) <= noise) {
    return (
      <span class="muted" data-change="noise">
        {text} ≈ within noise
      </span>
    );
  }
  const good = now > before === (better === 'higher');
  return (
    <span class={good ? 'change-good' : 'change-bad'}>
      {text} {good ? 'better' : 'worse'}
    </span>
  );
}
