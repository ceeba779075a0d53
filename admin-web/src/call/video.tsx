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
}: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
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
