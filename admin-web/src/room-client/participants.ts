import type { Kind, Role, Source, WireParticipant } from './protocol';

export interface RemoteTrack {
  readonly mid: string;
  readonly kind: Kind;
  readonly source: Source;
  readonly track: MediaStreamTrack;
  /** The room sends nothing on it at the moment, as it would not fit. */
  readonly paused: boolean;
}

export interface RemoteParticipant {
  readonly id: string;
  readonly userId: string;
  readonly display: string;
  /** One's own role toward this participant. */
  readonly role: Role;
  readonly tracks: readonly RemoteTrack[];
}

/** Who else is in the room, and what is received of whom. */
export class Participants {
  private readonly entries = new Map<string, RemoteParticipant>();

  get all(): readonly RemoteParticipant[] {
    return [...this.entries.values()];
  }

  get(id: string): RemoteParticipant | undefined {
    return this.entries.get(id);
  }

  /** Adds or renames; the tracks of somebody known stay. */
  put(wire: WireParticipant): RemoteParticipant {
    const known = this.entries.get(wire.id);
    const participant: RemoteParticipant = {
      id: wire.id,
      userId: wire.user_id,
      display: wire.display || wire.user_id,
      role: wire.role ?? known?.role ?? 'impolite',
      tracks: known?.tracks ?? [],
    };
    this.entries.set(wire.id, participant);
    return participant;
  }

  remove(id: string): RemoteParticipant | undefined {
    const gone = this.entries.get(id);
    this.entries.delete(id);
    return gone;
  }

  /** Sets what is received of one participant; true where that changed anything. */
  setTracks(id: string, tracks: readonly RemoteTrack[]): boolean {
    const participant = this.entries.get(id);
    if (!participant || same(participant.tracks, tracks)) return false;
    this.entries.set(id, { ...participant, tracks });
    return true;
  }

  clear(): void {
    this.entries.clear();
  }
}

function same(a: readonly RemoteTrack[], b: readonly RemoteTrack[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i];
      return other && one.track === other.track && one.source === other.source && one.paused === other.paused;
    })
  );
}
