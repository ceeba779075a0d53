import { useEffect, useRef, useState } from 'preact/hooks';
import { kResumesWithinMs, type Picture, pictureOf } from './picture';

/** Follows what is to be seen of a track. */
export function usePicture(track: MediaStreamTrack | undefined, paused: boolean): Picture {
  const flowing = useFlowing(track);
  const [, draw] = useState(0);
  const before = useRef<Picture>('none');
  const picture = pictureOf(before.current, { flowing, paused });
  before.current = picture;
  useEffect(() => {
    if (picture !== 'resuming') return;
    const timer = setTimeout(() => {
      before.current = 'none';
      draw((n) => n + 1);
    }, kResumesWithinMs);
    return () => clearTimeout(timer);
  }, [picture]);
  return picture;
}

/** Whether a track carries pictures at the moment: the browser mutes a remote one that has gone silent. */
function useFlowing(track: MediaStreamTrack | undefined): boolean {
  const [, draw] = useState(0);
  useEffect(() => {
    if (!track) return;
    const changed = () => draw((n) => n + 1);
    changed(); // it may have changed since it was drawn
    track.addEventListener('mute', changed);
    track.addEventListener('unmute', changed);
    return () => {
      track.removeEventListener('mute', changed);
      track.removeEventListener('unmute', changed);
    };
  }, [track]);
  return track !== undefined && !track.muted;
}
