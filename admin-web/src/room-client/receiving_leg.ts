import type { JanusHandle, PluginMessage } from './janus_handle';
import { SerialQueue } from './promises';
import type { WireStream } from './protocol';

/**
 * The PeerConnection that carries everybody else's media from Janus. The plugin alone offers on it; every offer is answered in the
 * order it came. Who is on which m-line is told by mid, and changes also without an offer.
 */
export class ReceivingLeg {
  readonly connection: RTCPeerConnection;
  /** Called whenever who is on which m-line may have changed. */
  onStreams: (streams: WireStream[]) => void = () => {};
  onFailure: (error: unknown) => void = () => {};

  private readonly queue = new SerialQueue();
  private newest = 0;
  private closed = false;

  constructor(
    private readonly handle: JanusHandle,
    configuration: RTCConfiguration,
  ) {
    this.connection = new RTCPeerConnection({ ...configuration, bundlePolicy: 'max-bundle' });
    this.connection.onicecandidate = ({ candidate }) => void handle.trickle(candidate).catch(() => undefined);
    handle.onEvent = (message) => void this.queue.run(() => this.take(message)).catch((error) => this.onFailure(error));
  }

  /** Asks for the media of the session that this token belongs to. Resolves once the first offer is answered. */
  async start(sessionId: string, receiveToken: string): Promise<void> {
    const body = { request: 'receive', session_id: sessionId, receive_token: receiveToken };
    const first = await this.handle.send(body);
    await this.queue.run(() => this.take(first));
  }

  /** The track of an m-line. */
  track(mid: string): MediaStreamTrack | undefined {
    return this.connection.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver.track;
  }

  close(): void {
    this.closed = true;
    this.connection.close();
  }

  private async take({ data, jsep }: PluginMessage): Promise<void> {
    if (this.closed) return;
    if (data.callroom === 'offer' && jsep) await this.answer(Number(data.negotiation), jsep);
    if (Array.isArray(data.streams)) this.onStreams(data.streams as WireStream[]);
  }

  private async answer(negotiation: number, offer: RTCSessionDescriptionInit): Promise<void> {
    if (negotiation < this.newest) return;
    this.newest = negotiation;
    await this.connection.setRemoteDescription(offer);
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    const answer = { type: 'answer' as const, sdp: this.connection.localDescription?.sdp ?? '' };
    await this.handle.post({ request: 'answer', negotiation }, answer);
  }
}
