import { type MediaPath, openPath, type PathContext } from './media_path';
import type { Participants, RemoteParticipant, RemoteTrack } from './participants';
import { deferred } from './promises';
import type { PluginEvent, Provider } from './protocol';

/** Whom the way tells of itself. */
export interface WayEvents {
  provider(provider: Provider): void;
  tracks(participant: RemoteParticipant): void;
  connection(state: RTCPeerConnectionState): void;
  problem(error: unknown): void;
}

export type WayContext = Omit<PathContext, 'onTracks' | 'onConnection' | 'onProblem'>;

/**
 * The path that media takes, and the change to another one: the former path goes on, and is what is shown of the others, until the new
 * one carries everybody's media. On a bad network that takes a while, and such a network is why calls change.
 */
export class MediaWay {
  private path: MediaPath | undefined;
  private former: MediaPath | undefined;
  private complete = deferred<void>();

  constructor(
    private readonly participants: Participants,
    private readonly tell: WayEvents,
  ) {}

  get provider(): Provider | undefined {
    return this.path?.provider;
  }

  get connections(): { name: string; connection: RTCPeerConnection }[] {
    return this.path?.connections() ?? [];
  }

  /** Starts, or changes to, the path of this provider. */
  follow(provider: Provider, context: WayContext): void {
    if (this.path?.provider === provider) return;
    if (this.former?.provider === provider && provider === 'janus') {
      this.followBack(this.former);
      return;
    }
    this.former?.close();
    const previous = this.path;
    this.former = previous;
    const spent = previous?.retire();
    const complete = deferred<void>();
    this.complete = complete;
    const received = new Map<string, readonly RemoteTrack[]>(); // of those who are shown by the former path
    const shownByFormer = new Set(spent ? this.participants.all.map(({ id }) => id) : []);
    const show = (id: string, tracks: readonly RemoteTrack[]) => {
      if (shownByFormer.has(id)) return void received.set(id, tracks);
      const participant = this.participants.setTracks(id, tracks) && this.participants.get(id);
      if (participant && this.path === path) this.tell.tracks(participant);
    };
    const showAll = () => {
      shownByFormer.clear();
      if (this.path === path) for (const [id, tracks] of received) show(id, tracks);
      received.clear();
    };
    const path = openPath(provider, {
      ...context,
      onTracks: show,
      onConnection: (state) => this.path === path && this.tell.connection(state),
      onProblem: (error) => this.path === path && this.tell.problem(error),
    });
    this.use(path);
    const done = () => {
      showAll();
      if (this.path !== path || this.former !== previous) return;
      this.former = undefined;
      previous?.close();
    };
    void spent?.then(showAll);
    const ready = path.ready.catch((error) => this.path === path && this.tell.problem(error));
    void ready.then(() => spent && Promise.race([complete.promise, spent])).then(done);
  }

  /** The room says that all who were moved to this path are there. */
  arrived(): void {
    this.complete.resolve();
  }

  add(participant: RemoteParticipant): void {
    this.path?.add(participant);
  }

  remove(id: string): void {
    this.path?.remove(id);
    this.former?.remove(id);
  }

  take(event: PluginEvent): void {
    this.path?.take(event);
  }

  async restart(): Promise<void> {
    await this.path?.restart();
  }

  hungUp(): void {
    this.path?.hungUp();
  }

  /** Events may have been lost. */
  async resume(): Promise<void> {
    await this.path?.resume();
    this.arrived();
  }

  close(): void {
    this.path?.close();
    this.former?.close();
    this.path = this.former = undefined;
  }

  /**
   * The direct way came to nothing, and the former one was never given up. There is no such way back to the direct one: the other
   * side may have given its connection up already, so that both begin anew.
   */
  private followBack(path: MediaPath): void {
    this.path?.close();
    this.former = undefined;
    this.use(path);
    void path.resume().catch((error) => this.tell.problem(error));
  }

  private use(path: MediaPath): void {
    this.path = path;
    for (const participant of this.participants.all) path.add(participant);
    this.tell.provider(path.provider);
  }
}
