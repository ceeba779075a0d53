import type { QualityEvent } from '../room-client';

const kBars = { excellent: 4, good: 3, fair: 2, poor: 1, failed: 0 } as const;

/** Connection quality as bars and a word. Nothing is shown before the first sample. */
export function QualityBadge({ quality }: { quality: QualityEvent | undefined }) {
  const rating = quality?.rating;
  if (!rating || !(rating in kBars)) return null;
  const bars = kBars[rating as keyof typeof kBars];
  const cause =
    quality?.limited_by === 'network'
      ? ', limited by your network'
      : quality?.limited_by === 'sender'
        ? ', limited by theirs'
        : '';
  return (
    <span class={`badge rating-${rating}`} title={`Connection: ${rating}${cause}`}>
      <svg viewBox="0 0 16 12" width="16" height="12" aria-hidden="true">
        {[0, 1, 2, 3].map((i) => (
          <rect key={i} x={i * 4} y={9 - i * 3} width="3" height={3 + i * 3} class={i < bars ? 'bar on' : 'bar'} />
        ))}
      </svg>
      <span>{rating}</span>
    </span>
  );
}
