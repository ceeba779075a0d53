import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface VideoProps {
  track?: MediaStreamTrack | undefined;
  audio?: MediaStreamTrack | undefined;
  label: string;
  muted?: boolean;
  mirrored?: boolean;
  /** The whole picture, with bars, rather than a filled frame. */
  whole?: boolean;
  user?: string;
  source?: string;
  /** Told how high the picture is drawn, in the screen's own pixels; 0 while nobody sees it. The element itself names the place. */
  onSize?: ((place: object, height: number | undefined) => void) | undefined;
}

/** Plays tracks; the element stays while they change. */
export function Video({
  track,
  audio,
  label,
  muted = false,
  mirrored = false,
  whole = false,
  user,
  source,
  onSize,
}: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  useSize(element, onSize);
  useEffect(() => {
    if (!element.current) return;
    const tracks = [track, audio].filter((each) => each !== undefined);
    const before = element.current.srcObject as MediaStream | null;
    const present = before?.getTracks() ?? [];
    if (tracks.length === present.length && tracks.every((each) => present.includes(each))) return;
    element.current.srcObject = tracks.length > 0 ? new MediaStream(tracks) : null;
  }, [track, audio]);
  return (
    <video
      ref={element}
      class={`video${mirrored ? ' mirrored' : ''}${whole ? ' whole' : ''}`}
      autoplay
      playsInline
      muted={muted}
      aria-label={label}
      data-user={user}
      data-source={source}
    />
  );
}

/** Follows the size of an element, and whether its page is to be seen. */
function useSize(element: RefObject<HTMLElement | null>, onSize: VideoProps['onSize']): void {
  useEffect(() => {
    const place = element.current;
    if (!place || !onSize) return;
    const tell = () =>
      onSize(place, document.hidden ? 0 : Math.round(place.clientHeight * (window.devicePixelRatio || 1)));
    const observer = new ResizeObserver(tell);
    observer.observe(place);
    document.addEventListener('visibilitychange', tell);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', tell);
      onSize(place, undefined);
    };
  }, [element, onSize]);
}
