import type { JanusHandle } from './janus_handle';
import type { JanusSession } from './janus_session';
import type { LocalTracks } from './local_tracks';
import type { RemoteParticipant, RemoteTrack } from './participants';
import { PeerPath } from './peer_path';
import type { Collision, Joined, PluginEvent, Provider } from './protocol';
import { RelayPath } from './relay_path';

/** What a path needs, and whom it tells. */
export interface PathContext {
  session: JanusSession;
  /** The handle that joined. */
  handle: JanusHandle;
  joined: Joined;
  configuration: RTCConfiguration;
  local: LocalTracks;
  collision: Collision | undefined;
  onTracks(id: string, tracks: readonly RemoteTrack[]): void;
  onConnection(state: RTCPeerConnectionState): void;
  onProblem(error: unknown): void;
}

/** The way media takes: through Janus on two PeerConnections, or directly on one per other participant. */
export interface MediaPath {
  readonly provider: Provider;
  /** Resolves when media can flow. */
  readonly ready: Promise<void>;
  add(participant: RemoteParticipant): void;
  remove(id: string): void;
  take(event: PluginEvent): void;
  restart(): Promise<void>;
  /** Janus gave up its end of the connection on the handle that joined. */
  hungUp(): void;
  /** Events may have been lost: brings everything up to date. */
  resume(): Promise<void>;
  connections(): { name: string; connection: RTCPeerConnection }[];
  /**
   * Another path takes its place: nothing is negotiated or told to the room any more. Resolves when no media comes by it either;
   * undefined: none does already.
   */
  retire(): Promise<void> | undefined;
  close(): void;
}

export function openPath(provider: Provider, context: PathContext): MediaPath {
  return provider === 'janus' ? new RelayPath(context) : new PeerPath(context);
}
