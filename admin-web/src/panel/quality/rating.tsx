import { number } from '../format';
import type { RatingName } from './rows';

const kShapes: Record<RatingName, string> = {
  excellent: 'M6 1l1.5 3.2 3.5.4-2.6 2.4.7 3.5L6 8.8l-3.1 1.7.7-3.5L1 4.6l3.5-.4z',
  good: 'M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z',
  fair: 'M2 2h8v8H2z',
  poor: 'M6 1.5l5 9H1z',
  failed: 'M2.5 1L6 4.5 9.5 1 11 2.5 7.5 6 11 9.5 9.5 11 6 7.5 2.5 11 1 9.5 4.5 6 1 2.5z',
  unrated: 'M1 5h10v2H1z',
};

/** A rating as word, shape and colour, so that it does not hang on colour alone. */
export function Rating({ rating, score }: { rating: RatingName; score?: number | null }) {
  return (
    <span class={`rating rating-${rating}`} data-rating={rating}>
      <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
        <path d={kShapes[rating] ?? kShapes.unrated} fill="currentColor" />
      </svg>
      <span>{rating}</span>
      {score !== undefined && score !== null && <b>{number(score)}</b>}
    </span>
  );
}
