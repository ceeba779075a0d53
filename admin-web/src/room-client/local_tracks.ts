import { Emitter } from './emitter';
import type { Kind, Source } from './protocol';

/** One track that this client publishes. Its id stays the same while its MediaStreamTrack is replaced. */
export interface Publication {
  readonly id: string;
  readonly kind: Kind;
  readonly source: Source;
  track: MediaStreamTrack;
  muted: boolean;
}

interface Events {
  /** A publication came or went: PeerConnections need another offer. */
  changed: undefined;
  /** Another track, or none while muted, goes out on the same m-line: no offer. */
  replaced: Publication;
}

/** What this client publishes, whichever PeerConnections it goes out on. */
export class LocalTracks extends Emitter<Events> {
  private readonly publications = new Map<string, Publication>();
  private counter = 0;

  get all(): readonly Publication[] {
    return [...this.publications.values()];
  }

  add(track: MediaStreamTrack, source: Source): Publication {
    const publication = { id: `t${++this.counter}`, kind: track.kind as Kind, source, track, muted: false };
    this.publications.set(publication.id, publication);
    this.emit('changed', undefined);
    return publication;
  }

  remove(publication: Publication): void {
    if (this.publications.delete(publication.id)) this.emit('changed', undefined);
  }

  replace(publication: Publication, track: MediaStreamTrack): void {
    publication.track = track;
    track.enabled = !publication.muted;
    this.emit('replaced', publication);
  }

  /** A muted publication keeps its m-line; its track sends silence or black, and then the sender sends nothing at all. */
  setMuted(publication: Publication, muted: boolean): void {
    publication.muted = muted;
    publication.track.enabled = !muted;
    this.emit('replaced', publication);
  }
}
