import { Emitter } from './emitter';
import { TransportError } from './errors';
import type { JanusHandle, PluginMessage } from './janus_handle';
import { JanusSession } from './janus_session';
import { type Layer, WantedLayers } from './layers';
import { LocalTracks, type Publication } from './local_tracks';
import { MediaWay } from './media_way';
import { Participants, type RemoteParticipant } from './participants';
import type {
  Collision,
  Joined,
  LeftSummary,
  Media,
  PluginEvent,
  Provider,
  QualityEvent,
  RoomEntry,
  Source,
} from './protocol';
import { type Connect, webSocket } from './transport';

export type RoomState = 'idle' | 'joining' | 'joined' | 'reconnecting' | 'left' | 'failed';

export interface JoinOptions {
  room: string;
  userId: string;
  display?: string;
  pin?: string;
  token?: string;
  /** Shown to administrators beside the session: at most 512 bytes as JSON. */
  device?: Record<string, string>;
  /** Takes the place of a participant with the same user id: after a reload of the page. */
  takeover?: boolean;
  /** That of the session to be taken over; needed where the room has no signed tokens. */
  receiveToken?: string;
  collision?: Collision;
}

export interface CreateOptions {
  room?: string;
  media?: Media;
  capacity?: number;
  description?: string;
  pin?: string;
  secret?: string;
  is_private?: boolean;
  audiocodec?: string;
  videocodec?: string;
  bitrate?: number;
  admin_key?: string;
  quality_events?: boolean;
}

export interface RoomEvents {
  state: { state: RoomState; reason?: string };
  participantJoined: RemoteParticipant;
  participantLeft: { participant: RemoteParticipant; reason: string };
  /** What is received of somebody changed. */
  tracks: RemoteParticipant;
  quality: QualityEvent;
  /** Media goes another way: through Janus, or directly between the peers. */
  provider: Provider;
  /** State of the way that media takes; for people to see. */
  connection: RTCPeerConnectionState;
  /** Something went wrong that did not end the call. */
  problem: unknown;
}

export interface RoomClientOptions {
  /** Address of Janus's WebSocket transport. */
  url?: string;
  connect?: Connect;
  /** Relay candidates only, to prove TURN. */
  iceTransportPolicy?: RTCIceTransportPolicy;
}

/** One person's presence in one room: join, publish, see the others, leave. Every promise settles; errors are CallroomErrors. */
export class RoomClient extends Emitter<RoomEvents> {
  readonly local = new LocalTracks();
  private readonly layers = new WantedLayers(async (layer) => {
    if (this.joined?.simulcast) await this.configure({ layer });
  });
  private readonly participants = new Participants();
  private readonly connect: Connect;
  private session: JanusSession | undefined;
  private handle: JanusHandle | undefined;
  private readonly way = new MediaWay(this.participants, {
    provider: (provider) => this.emit('provider', provider),
    tracks: (participant) => this.emit('tracks', participant),
    connection: (state) => this.emit('connection', state),
    problem: (error) => this.emit('problem', error),
  });
  private joined: Joined | undefined;
  private joinOptions: JoinOptions | undefined;
  private currentState: RoomState = 'idle';

  constructor(private readonly options: RoomClientOptions = {}) {
    super();
    this.connect = options.connect ?? webSocket(options.url ?? '/janus-ws');
  }

  get state(): RoomState {
    return this.currentState;
  }

  get others(): readonly RemoteParticipant[] {
    return this.participants.all;
  }

  /** What the room told when it was joined. */
  get room(): Joined | undefined {
    return this.joined;
  }

  get provider(): Provider | undefined {
    return this.way.provider;
  }

  async exists(room: string): Promise<boolean> {
    return (await this.request({ request: 'exists', room })).exists === true;
  }

  async create(options: CreateOptions): Promise<string> {
    return String((await this.request({ request: 'create', ...options })).room);
  }

  async rooms(): Promise<RoomEntry[]> {
    return ((await this.request({ request: 'list' })).rooms ?? []) as RoomEntry[];
  }

  /** Enters the room. Resolves when the room has taken this client in; media follows by itself. */
  async join(options: JoinOptions): Promise<Joined> {
    if (this.currentState === 'joining' || this.currentState === 'joined') throw new Error('Joined already.');
    this.setState('joining');
    try {
      this.joinOptions = options;
      return await this.enter(options);
    } catch (error) {
      this.setState('idle');
      throw error;
    }
  }

  publish(track: MediaStreamTrack, source?: Source): Publication {
    return this.local.add(track, source ?? (track.kind === 'audio' ? 'microphone' : 'camera'));
  }

  unpublish(publication: Publication): void {
    this.local.remove(publication);
  }

  mute(publication: Publication, muted: boolean): void {
    this.local.setMuted(publication, muted);
  }

  /** Asks the room for less: of what this client sends, or of what it gets. */
  async configure(settings: {
    audio?: boolean;
    video?: boolean;
    bitrate?: number;
    keyframe?: boolean;
    layer?: Layer | Record<string, Layer>;
  }): Promise<void> {
    await this.request({ request: 'configure', ...settings });
  }

  /** How high somebody's video is shown in an element, in the screen's own pixels; 0: hidden. The room is asked for no more. */
  showVideo(id: string, where: object, height: number): void {
    this.layers.show(id, where, height);
  }

  /** … it is not shown in that element any more. */
  hideVideo(id: string, where: object): void {
    this.layers.hide(id, where);
  }

  /** What a later page of this user needs to take this session's place. */
  get receiveToken(): string | undefined {
    return this.joined?.receive_token;
  }

  /** Looks for a new way for all media. */
  async restart(): Promise<void> {
    await this.way.restart();
  }

  /** Statistics reports of every PeerConnection in use, for showing. */
  async statistics(): Promise<{ name: string; report: RTCStatsReport }[]> {
    return Promise.all(
      this.way.connections.map(async ({ name, connection }) => ({ name, report: await connection.getStats() })),
    );
  }

  /** Leaves the room; resolves with what the room says of the session's quality, where it could still be asked. */
  async leave(): Promise<LeftSummary | undefined> {
    const { handle, currentState } = this;
    let summary: LeftSummary | undefined;
    if (handle && (currentState === 'joined' || currentState === 'reconnecting')) {
      this.setState('left');
      const answer = await handle.send({ request: 'leave' }).catch(() => undefined);
      summary = answer?.data as LeftSummary | undefined;
    }
    await this.close('left');
    return summary;
  }

  /**
   * The page goes away: tells the room without waiting, so that the others need not wait for a timeout. The session is destroyed only
   * when that was answered, as Janus may do it before it hands on a request that came first; where nobody is left to do so, its end
   * follows from that of the connection.
   */
  abandon(): void {
    const { session, handle } = this;
    this.way.close();
    if (!session || !handle) return;
    const leave = { janus: 'message', body: { request: 'leave' }, handle_id: handle.id };
    void session
      .transact(leave)
      .answer.catch(() => undefined)
      .then(() => session.destroy());
  }

  private async enter(options: JoinOptions): Promise<Joined> {
    const body: Record<string, unknown> = { request: 'join', room: options.room, user_id: options.userId };
    for (const key of ['display', 'pin', 'token', 'device', 'takeover', 'collision'] as const) {
      if (options[key] !== undefined) body[key] = options[key];
    }
    const former = options.receiveToken ?? this.joined?.receive_token;
    if (options.takeover && former) body.receive_token = former;
    const handle = await this.mainHandle();
    const joined = (await handle.send(body)).data as unknown as Joined;
    this.joined = joined;
    this.layers.reset();
    for (const participant of joined.participants) this.participants.put(participant);
    this.setState('joined');
    for (const participant of this.participants.all) this.emit('participantJoined', participant);
    this.follow(joined.provider ?? (joined.media === 'relay' ? 'janus' : 'p2p'));
    return joined;
  }

  private follow(provider: Provider): void {
    const { session, handle, joined } = this;
    if (!session || !handle || !joined) return;
    const configuration: RTCConfiguration = { iceServers: joined.ice_servers ?? [] };
    if (this.options.iceTransportPolicy) configuration.iceTransportPolicy = this.options.iceTransportPolicy;
    const collision = this.joinOptions?.collision;
    this.way.follow(provider, { session, handle, joined, configuration, local: this.local, collision });
  }

  private async mainHandle(): Promise<JanusHandle> {
    if (this.handle) return this.handle;
    const session = await JanusSession.open(this.connect);
    const handle = await session.attach().catch(async (error) => {
      await session.destroy();
      throw error;
    });
    session.onLost = () => this.currentState === 'joined' && this.setState('reconnecting');
    session.onReclaimed = () => void this.resume();
    session.onGone = (reason) => void this.rejoin(reason);
    handle.onEvent = (message) => this.take(message);
    handle.onHangup = () => this.way.hungUp();
    handle.onDetached = () => void this.rejoin('The call server dropped this client.');
    handle.onFailure = (error) => this.emit('problem', error);
    this.session = session;
    this.handle = handle;
    return handle;
  }

  private async request(body: object): Promise<Record<string, unknown>> {
    return (await (await this.mainHandle()).send(body)).data;
  }

  private take({ data }: PluginMessage): void {
    const event = data as PluginEvent;
    switch (event.callroom) {
      case 'participant_joined': {
        const participant = this.participants.put(event);
        this.way.add(participant);
        this.emit('participantJoined', participant);
        break;
      }
      case 'participant_left': {
        this.way.remove(event.id);
        this.layers.forget(event.id);
        const participant = this.participants.remove(event.id);
        if (participant) this.emit('participantLeft', { participant, reason: event.reason ?? 'left' });
        break;
      }
      case 'quality':
        this.emit('quality', event);
        break;
      case 'media':
        if (event.complete) this.way.arrived();
        else this.follow(event.provider === 'p2p' ? 'p2p' : 'janus');
        break;
      case 'kicked':
        void this.close('left', 'You were removed from the room.');
        break;
      case 'destroyed':
        void this.close('left', 'The room was closed.');
        break;
      case 'error':
        this.emit('problem', new Error(event.error));
        break;
      default:
        this.way.take(event);
    }
  }

  /** The connection to Janus is back: what was told meanwhile is lost and asked for again. */
  private async resume(): Promise<void> {
    if (!this.joined || this.currentState !== 'reconnecting') return;
    try {
      const { participants } = await this.request({ request: 'participants', room: this.joined.room });
      this.reconcile((participants ?? []) as Joined['participants']);
      await this.way.resume();
      this.setState('joined');
    } catch (error) {
      await this.rejoin(error instanceof Error ? error.message : String(error));
    }
  }

  private reconcile(present: Joined['participants']): void {
    const ids = new Set(present.map(({ id }) => id));
    for (const { id } of this.participants.all) {
      if (!ids.has(id)) this.take({ data: { callroom: 'participant_left', id, reason: 'left' } });
    }
    for (const participant of present) {
      if (!this.joined || participant.id === this.joined.id || this.participants.get(participant.id)) continue;
      this.take({ data: { callroom: 'participant_joined', ...participant } });
    }
  }

  /** The session is gone: joins anew, in place of the participant that this client was. */
  private async rejoin(reason: string): Promise<void> {
    const options = this.joinOptions;
    if (!options || (this.currentState !== 'joined' && this.currentState !== 'reconnecting')) return;
    this.setState('reconnecting', reason);
    this.dropPath();
    const session = this.session;
    this.session = undefined;
    this.handle = undefined;
    await session?.destroy();
    try {
      const receiveToken = this.joined?.receive_token;
      await this.enter({ ...options, takeover: true, ...(receiveToken ? { receiveToken } : {}) });
    } catch (error) {
      await this.close('failed', error instanceof TransportError ? reason : String((error as Error).message ?? error));
    }
  }

  private dropPath(): void {
    this.way.close();
    for (const participant of this.participants.all) {
      this.participants.remove(participant.id);
      this.emit('participantLeft', { participant, reason: 'reconnecting' });
    }
  }

  private async close(state: RoomState, reason?: string): Promise<void> {
    this.way.close();
    this.layers.close();
    this.participants.clear();
    this.setState(state, reason);
    const session = this.session;
    this.session = undefined;
    this.handle = undefined;
    await session?.destroy();
  }

  private setState(state: RoomState, reason?: string): void {
    if (state === this.currentState && reason === undefined) return;
    this.currentState = state;
    this.emit('state', reason === undefined ? { state } : { state, reason });
  }
}
