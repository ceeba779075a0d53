import type { Source, WireStream } from './protocol';

const kKnown: readonly Source[] = ['microphone', 'camera', 'screen', 'screen_audio'];

/**
 * What each stream of one participant shows. Where the room names mids only, the first of a kind is taken to be the camera or the
 * microphone, and any further one a shared screen or its sound: the room client offers them in that order.
 */
export function withSources(streams: readonly WireStream[]): (WireStream & { source: Source })[] {
  const seen = { audio: 0, video: 0 };
  const inOrder = [...streams].sort((a, b) => order(a) - order(b));
  return inOrder.map((stream) => {
    const known = kKnown.find((word) => word === stream.source);
    const first = seen[stream.kind]++ === 0;
    const guessed = stream.kind === 'video' ? (first ? 'camera' : 'screen') : first ? 'microphone' : 'screen_audio';
    return { ...stream, source: known ?? guessed };
  });
}

const order = ({ source, mid }: WireStream) => Number(source ?? mid) || 0;
