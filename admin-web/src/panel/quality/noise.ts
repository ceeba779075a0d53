// How much two figures may differ by chance alone. Pure.
import type { Figures } from './answers';

type Figure = number | null;

/** Half the width of the 95 % confidence interval of a share, in points of percent; a share of 0 or 100 % tells none. */
function shareMargin(share_pct: Figure, sessions: number): Figure {
  if (share_pct === null || sessions < 2) return null;
  const share = share_pct / 100;
  return 196 * Math.sqrt((share * (1 - share)) / sessions);
}

const kMargins = {
  score: (f: Figures) => f.score_margin,
  latency: (f: Figures) => f.latency.margin,
  loss_in: (f: Figures) => f.loss_in.margin,
  loss_out: (f: Figures) => f.loss_out.margin,
  poor_or_failed: (f: Figures) => shareMargin(f.poor_or_failed.share_pct, f.poor_or_failed.sessions),
  drops: (f: Figures) => shareMargin(f.drops.share_pct, f.sessions),
};

/** A figure whose margin is known. */
export type Judged = keyof typeof kMargins;

/** A difference of so much comes about by chance in 1 of 20 comparisons; unknown where a margin is. */
export function noise(figure: Judged, now: Figures, before: Figures): number | undefined {
  const margins = [kMargins[figure](now), kMargins[figure](before)];
  return margins.includes(null) ? undefined : Math.hypot(...(margins as number[]));
}
