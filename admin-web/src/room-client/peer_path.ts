import { combinedState } from './connection_state';
import type { MediaPath, PathContext } from './media_path';
import type { RemoteParticipant } from './participants';
import { PeerLink, type PeerTrack } from './peer_link';
import { PeerReporter } from './peer_reporter';
import { type Deferred, deferred } from './promises';
import type { PluginEvent } from './protocol';

interface Peer {
  link: PeerLink;
  reporter: PeerReporter;
}

/** Media directly between the participants: one link to each of them. */
export class PeerPath implements MediaPath {
  readonly provider = 'p2p';
  private readonly up = deferred<void>();
  readonly ready = this.up.promise;
  private readonly peers = new Map<string, Peer>();
  private spent: Deferred<void> | undefined;

  constructor(private readonly context: PathContext) {
    this.ready.catch(() => undefined);
  }

  add(participant: RemoteParticipant): void {
    if (this.peers.has(participant.id)) return;
    const { context } = this;
    const polite = participant.role === 'polite';
    const yields = context.collision === undefined ? polite : context.collision === 'yields';
    const link = new PeerLink(context.configuration, context.local, polite, yields, async (signal) => {
      await context.handle.post({ request: 'signal', to: participant.id, ...signal });
    });
    link.onTracks = (tracks: PeerTrack[]) =>
      context.onTracks(
        participant.id,
        tracks.map((track) => ({ ...track, paused: false })),
      );
    link.onFailure = context.onProblem;
    link.connection.addEventListener('connectionstatechange', () => {
      this.tellState();
      this.tellRoom(participant.id, link.connection.connectionState);
    });
    const reporter = new PeerReporter(link.connection, participant.id, context);
    this.peers.set(participant.id, { link, reporter });
    void link.publish();
  }

  remove(id: string): void {
    const peer = this.peers.get(id);
    this.peers.delete(id);
    peer?.reporter.stop();
    peer?.link.close();
    this.tellState();
  }

  take(event: PluginEvent): void {
    if (event.callroom === 'signal') {
      this.peers.get(event.from)?.link.receive({ ...event, negotiation: event.negotiation ?? 0 });
    } else if (event.callroom === 'glare') {
      this.peers.get(event.with)?.link.glare(event.negotiation);
    } else if (event.callroom === 'negotiate') {
      for (const [id, { link }] of this.peers) {
        if (event.with !== undefined && event.with !== id) continue;
        if (event.reason === 'unanswered') link.resume();
        else link.offerAgain();
      }
    }
  }

  /** The room decides by this whether media goes another way. */
  private tellRoom(to: string, connection: RTCPeerConnectionState): void {
    if (connection !== 'connected' && connection !== 'disconnected' && connection !== 'failed') return;
    void this.context.handle.post({ request: 'report', to, connection }).catch(() => undefined);
  }

  async restart(): Promise<void> {
    for (const { link } of this.peers.values()) link.restart();
  }

  hungUp(): void {} // Janus has no part in it

  async resume(): Promise<void> {
    for (const { link } of this.peers.values()) link.resume();
  }

  connections() {
    return [...this.peers].map(([name, { link }]) => ({ name, connection: link.connection }));
  }

  retire(): Promise<void> | undefined {
    for (const { link, reporter } of this.peers.values()) {
      reporter.stop();
      link.retire();
    }
    // A connection that is disconnected for the moment, as a lossy network makes it, is not lost yet.
    if (!this.states().some((state) => state === 'connected' || state === 'disconnected')) return undefined;
    this.spent = deferred<void>();
    return this.spent.promise;
  }

  close(): void {
    for (const id of [...this.peers.keys()]) this.remove(id);
    this.up.reject(new Error('The connection was closed.'));
  }

  private states(): RTCPeerConnectionState[] {
    return [...this.peers.values()].map(({ link }) => link.connection.connectionState);
  }

  private tellState(): void {
    const states = this.states();
    if (states.includes('connected')) this.up.resolve();
    if (states.every((state) => state === 'failed' || state === 'closed')) this.spent?.resolve();
    if (states.length > 0) this.context.onConnection(combinedState(states));
  }
}
