import { kDash, milliseconds, number, percent } from '../format';
import type { SummaryAnswer, Target } from './answers';
import { Change, kFewest } from './key_figures';
import { noise } from './noise';

interface TargetWords {
  title: string;
  text: (value: number | null) => string;
  digits: number;
}

const kTargets: Record<Target['figure'], TargetWords> = {
  score: { title: 'Average score', text: (v) => number(v, 1), digits: 1 },
  poor_or_failed: { title: 'Poor or failed', text: (v) => percent(v), digits: 1 },
  latency: { title: 'Average latency', text: milliseconds, digits: 0 },
  drops: { title: 'Sessions with drops', text: (v) => percent(v), digits: 1 },
};

/** The targets of the service, met or missed. */
export function Targets({ summary }: { summary: SummaryAnswer }) {
  const few = summary.before.sessions < kFewest;
  return (
    <section class="card" aria-label="Targets">
      <h3>Targets</h3>
      <ul class="targets">
        {summary.targets.map((target) => (
          <TargetLine
            key={target.figure}
            target={few ? { ...target, before: null } : target}
            noise={noise(target.figure, summary.current, summary.before)}
          />
        ))}
      </ul>
    </section>
  );
}

interface TargetLineProps {
  target: Target;
  noise: number | undefined;
}

function TargetLine({ target: { figure, target, better, value, met, before }, noise }: TargetLineProps) {
  const { title, text, digits } = kTargets[figure];
  const higher = better === 'higher';
  const word = met === null ? 'unknown' : met ? 'met' : 'missed';
  return (
    <li class={`target ${word}`} data-target={figure} data-met={word}>
      <TargetMark met={met} />
      <span class="target-title">
        {title}
        <span class="muted">
          {higher ? ' over ' : ' under '}
          {text(target).replace(/\.0(?!\d)/, '')}
        </span>
      </span>
      <b>{value === null ? kDash : text(value)}</b>
      <span class="target-word">{word}</span>
      <span class="target-change">
        <Change now={value} before={before} digits={digits} better={higher ? 'higher' : 'lower'} noise={noise} />
      </span>
    </li>
  );
}

function TargetMark({ met }: { met: boolean | null }) {
  const path = met === null ? 'M2 6h8' : met ? 'M2 6.5l2.8 2.8L10 3' : 'M3 3l6 6M9 3l-6 6';
  return (
    <svg viewBox="0 0 12 12" width="14" height="14" aria-hidden="true">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
