import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../common/icons';
import type { QualityEvent } from '../room-client';
import { QualityBadge } from './quality_badge';
import { Video } from './video';

interface TileProps {
  name: string;
  user: string;
  source: string;
  video?: MediaStreamTrack | undefined;
  audio?: MediaStreamTrack | undefined;
  self?: boolean;
  muted?: boolean;
  whole?: boolean;
  paused?: boolean;
  quality?: QualityEvent | undefined;
  onSize?: ((place: object, height: number | undefined) => void) | undefined;
}

/** One picture, with who it is and how their connection does. Without a picture, their initials. */
export function Tile(props: TileProps) {
  const {
    name,
    user,
    source,
    video,
    audio,
    self = false,
    muted = false,
    whole = false,
    paused = false,
    quality,
    onSize,
  } = props;
  const flowing = useFlowing(video);
  return (
    <figure class={`tile${self ? ' self' : ''}`} data-tile={user}>
      <Video
        track={video}
        audio={audio}
        label={name}
        muted={self}
        mirrored={self && source === 'self'}
        whole={whole}
        user={user}
        source={source}
        onSize={onSize}
      />
      {!(video && flowing) && <div class="initials">{paused ? 'Paused: the line is too slow' : initials(name)}</div>}
      <figcaption>
        {muted && <Icon name="microphone" off />}
        <span class="tile-name">{name}</span>
        <QualityBadge quality={quality} />
      </figcaption>
    </figure>
  );
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

function initials(name: string): string {
  const words = name
    .replace(/\(you\)$/, '')
    .trim()
    .split(/\s+/);
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase() ?? '')
    .join('');
}
