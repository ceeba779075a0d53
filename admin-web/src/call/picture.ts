/** What a tile shows of somebody: their picture, the last one they sent, or nothing. */
export type Picture = 'moving' | 'paused' | 'resuming' | 'none';

/** How long a picture that was paused may take to begin again: the room asks its sender for a key frame. */
export const kResumesWithinMs = 5000;

/**
 * The last picture stays for as long as the room has no room for the next, and until that comes. A camera that was switched off
 * meanwhile sends none: see kResumesWithinMs.
 */
export function pictureOf(before: Picture, { flowing, paused }: { flowing: boolean; paused: boolean }): Picture {
  if (paused) return 'paused';
  if (flowing) return 'moving';
  return before === 'paused' || before === 'resuming' ? 'resuming' : 'none';
}
