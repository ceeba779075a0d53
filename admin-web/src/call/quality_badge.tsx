import type { QualityEvent } from '../room-client';

const kBars = { excellent: 4, good: 3, fair: 2, poor: 1, failed: 0 } as const;

/**
 * Whose side keeps a picture from being better. Theirs where their connection does badly too: a camera that merely gives less than it
 * did is nobody's concern. Of one's own tile only one's own.
 */
export function limitOf(quality: QualityEvent | undefined, self: boolean): string | undefined {
  if (quality?.limited_by === 'network') return 'your network';
  const theirs = quality?.limited_by === 'sender' && !self;
  return theirs && (quality?.rating === 'fair' || quality?.rating === 'poor') ? 'their side' : undefined;
}

/** Connection quality as bars and a word, and what limits it. Nothing is shown before the first sample. */
export function QualityBadge({ quality, self = false }: { quality: QualityEvent | undefined; self?: boolean }) {
  const rating = quality?.rating;
  if (!rating || !(rating in kBars)) return null;
  const bars = kBars[rating as keyof typeof kBars];
  const limit = limitOf(quality, self);
  return (
    <span class={`badge rating-${rating}`} title={`Connection: ${rating}${limit ? `, limited by ${limit}` : ''}`}>
      <svg viewBox="0 0 16 12" width="16" height="12" aria-hidden="true">
        {[0, 1, 2, 3].map((i) => (
          <rect key={i} x={i * 4} y={9 - i * 3} width="3" height={3 + i * 3} class={i < bars ? 'bar on' : 'bar'} />
        ))}
      </svg>
      <span class="badge-word">{rating}</span>
      {limit && (
        <span class="badge-limit">
          <span class="badge-word">limited by </span>
          {limit}
        </span>
      )}
    </span>
  );
}
