import { watchConnections } from './connection_state';
import type { JanusHandle } from './janus_handle';
import { layersOf } from './layers';
import type { MediaPath, PathContext } from './media_path';
import type { RemoteParticipant, RemoteTrack } from './participants';
import type { PluginEvent, WireStream } from './protocol';
import { ReceivingLeg } from './receiving_leg';
import { connected, SendingLeg } from './sending_leg';
import { withSources } from './stream_sources';

/** How long the sending connection may be broken before its ICE is restarted. */
const kRestartAfterMs = 2500;

/** Media through Janus: one PeerConnection that sends, one that receives, each with one offerer for life. */
export class RelayPath implements MediaPath {
  readonly provider = 'janus';
  readonly ready: Promise<void>;

  private sending: SendingLeg;
  private receiving: ReceivingLeg | undefined;
  private receivingHandle: JanusHandle | undefined;
  private streams: WireStream[] = [];
  private readonly present = new Set<string>();
  private stopWatching: () => void = () => {};
  private restartTimer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly context: PathContext) {
    this.sending = this.newSending();
    this.ready = this.start();
    this.ready.catch(() => undefined);
  }

  add(participant: RemoteParticipant): void {
    this.present.add(participant.id);
    this.tell();
  }

  remove(id: string): void {
    this.present.delete(id);
  }

  take(event: PluginEvent): void {
    if (event.callroom === 'streams') this.setStreams(event.streams);
    else if (event.callroom === 'negotiate') void this.offerAgain(event.reason).catch(this.context.onProblem);
  }

  async restart(): Promise<void> {
    await this.sending.restart();
  }

  /** DTLS cannot begin again on the same connection: a new one sends from now on. */
  hungUp(): void {
    if (this.closed) return;
    clearTimeout(this.restartTimer);
    this.sending.close();
    this.sending = this.newSending();
    if (this.receiving) this.watch(this.receiving);
    void this.startSending().catch(this.context.onProblem);
  }

  async resume(): Promise<void> {
    const { session_id, receive_token } = this.context.joined;
    await Promise.all([this.sending.update(), this.receiving?.start(session_id, receive_token)]);
  }

  connections() {
    const all = [{ name: 'sending', connection: this.sending.connection }];
    if (this.receiving) all.push({ name: 'receiving', connection: this.receiving.connection });
    return all;
  }

  /** Between two who were connected directly before, that way is up in a moment. */
  retire(): undefined {}

  close(): void {
    this.closed = true;
    clearTimeout(this.restartTimer);
    this.stopWatching();
    this.sending.close();
    this.receiving?.close();
    void this.receivingHandle?.detach();
  }

  private async start(): Promise<void> {
    await Promise.all([this.startSending(), this.startReceiving()]);
  }

  /** Janus gave up its end: a new handle receives from now on. */
  private async receiveAnew(handle: JanusHandle): Promise<void> {
    if (this.closed || this.receivingHandle !== handle) return;
    this.receiving?.close();
    void handle.detach();
    this.setStreams([]);
    await this.startReceiving();
  }

  private newSending(): SendingLeg {
    const { handle, local, configuration, joined } = this.context;
    const sending = new SendingLeg(handle, local, configuration, joined.simulcast ? layersOf : undefined);
    sending.connection.addEventListener('iceconnectionstatechange', () => this.watchSending());
    return sending;
  }

  private watch(receiving: ReceivingLeg): void {
    this.stopWatching();
    this.stopWatching = watchConnections([this.sending.connection, receiving.connection], (state) =>
      this.context.onConnection(state),
    );
  }

  private async startSending(): Promise<void> {
    await this.sending.update();
    if (this.sending.connection.getTransceivers().length > 0) await connected(this.sending.connection);
  }

  private async startReceiving(): Promise<void> {
    const { session, joined, configuration } = this.context;
    const handle = await session.attach();
    this.receivingHandle = handle;
    if (this.closed) return void handle.detach();
    handle.onFailure = this.context.onProblem;
    handle.onHangup = () => void this.receiveAnew(handle).catch(this.context.onProblem);
    const receiving = new ReceivingLeg(handle, configuration);
    this.receiving = receiving;
    receiving.onStreams = (streams) => this.setStreams(streams);
    receiving.onFailure = this.context.onProblem;
    this.watch(receiving);
    await receiving.start(joined.session_id, joined.receive_token);
  }

  private async offerAgain(reason: string | undefined): Promise<void> {
    if (reason === 'ice_restart') await this.sending.restart();
    else await this.sending.update();
  }

  private setStreams(streams: WireStream[]): void {
    this.streams = streams;
    this.tell();
  }

  private tell(): void {
    for (const id of this.present) {
      const lines = withSources(this.streams.filter((stream) => stream.id === id));
      const tracks = lines.flatMap(({ mid, kind, source, paused }): RemoteTrack[] => {
        const track = this.receiving?.track(mid);
        return track ? [{ mid, kind, source, track, paused: paused === true }] : [];
      });
      this.context.onTracks(id, tracks);
    }
  }

  private watchSending(): void {
    const state = this.sending.connection.iceConnectionState;
    clearTimeout(this.restartTimer);
    if (state !== 'disconnected' && state !== 'failed') return;
    const restart = () => void this.restart().catch(this.context.onProblem);
    this.restartTimer = setTimeout(restart, state === 'failed' ? 0 : kRestartAfterMs);
  }
}
