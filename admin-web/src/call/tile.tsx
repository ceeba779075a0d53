import { Icon } from '../common/icons';
import type { QualityEvent } from '../room-client';
import { QualityBadge } from './quality_badge';
import { usePicture } from './use_picture';
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
  /** The room sends nothing of it, for want of room on this person's network. */
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
  const picture = usePicture(video, paused);
  return (
    <figure class={`tile${self ? ' self' : ''}`} data-tile={user} data-picture={picture}>
      {/* Behind the picture, where there is one to be seen. */}
      {picture !== 'moving' && (
        <div class="initials" aria-hidden="true">
          {initials(name)}
        </div>
      )}
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
      <p class="tile-note" role="status">
        {picture === 'paused' && (
          <span>
            <b class="visually-hidden">{name}: </b>Picture paused: your network is too slow
          </span>
        )}
      </p>
      <figcaption>
        {muted && <Icon name="microphone" off />}
        <span class="tile-name">{name}</span>
        <QualityBadge quality={quality} self={self} />
      </figcaption>
    </figure>
  );
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
