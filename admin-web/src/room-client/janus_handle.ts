import { CallroomError } from './errors';
import type { JanusSession } from './janus_session';
import { SerialQueue } from './promises';
import type { JanusMessage } from './protocol';

export interface PluginMessage {
  data: Record<string, unknown>;
  jsep?: RTCSessionDescriptionInit;
}

/**
 * One handle attached to the plugin. Janus runs the messages of a handle concurrently, so that they can overtake each other: each is
 * sent only when the one before was acknowledged.
 */
export class JanusHandle {
  /** Events of the plugin that answer no request. */
  onEvent: (message: PluginMessage) => void = () => {};
  /** Janus gave up on this handle's PeerConnection, or on the handle itself. */
  onHangup: (reason: string) => void = () => {};
  onDetached: () => void = () => {};
  /** A request nobody waits for was refused. */
  onFailure: (error: unknown) => void = () => {};

  private readonly queue = new SerialQueue();
  private closed = false;

  constructor(
    private readonly session: JanusSession,
    readonly id: number,
  ) {}

  /** Sends a request and resolves with the plugin's answer; rejects with a CallroomError where it answers an error. */
  async send(body: object, jsep?: RTCSessionDescriptionInit): Promise<PluginMessage> {
    return this.answerOf(await this.enqueue(message(body, jsep)));
  }

  /** Sends a request whose answer is the acknowledgement alone; resolves with it. A later error goes to onFailure. */
  async post(body: object, jsep?: RTCSessionDescriptionInit): Promise<void> {
    const sent = await this.enqueue(message(body, jsep));
    if (sent.immediate) this.answerOf(sent);
    else this.answerOf(sent).catch((error) => error instanceof CallroomError && this.onFailure(error));
  }

  /**
   * Sends a candidate to Janus; null: there are no more. Behind the description that it belongs to, but what follows need not wait
   * for it: Janus takes candidates in order, and on a long way each would cost the next offer a round trip.
   */
  async trickle(candidate: RTCIceCandidate | null): Promise<void> {
    const part = candidate === null ? { completed: true } : candidate.toJSON();
    const request = { janus: 'trickle', candidate: part, handle_id: this.id };
    const { acknowledged } = await this.queue.run(() => this.session.transact(request));
    await acknowledged;
  }

  async detach(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.session.forget(this.id);
    await this.session.transact({ janus: 'detach', handle_id: this.id }).acknowledged.catch(() => undefined);
  }

  /** Called by the session for what Janus sends to this handle. */
  receive(incoming: JanusMessage): void {
    if (this.closed) return;
    if (incoming.janus === 'event') this.onEvent(pluginMessage(incoming));
    else if (incoming.janus === 'hangup') this.onHangup(incoming.reason ?? 'hangup');
    else if (incoming.janus === 'detached') {
      this.closed = true;
      this.onDetached();
    }
  }

  private enqueue(request: object): Promise<{ answer: Promise<JanusMessage>; immediate: boolean }> {
    return this.queue.run(async () => {
      const { acknowledged, answer } = this.session.transact({ ...request, handle_id: this.id });
      answer.catch(() => undefined); // whoever waits for it sees the rejection
      const immediate = (await acknowledged).janus !== 'ack';
      return { answer, immediate };
    });
  }

  private async answerOf(sent: { answer: Promise<JanusMessage> }): Promise<PluginMessage> {
    const answer = pluginMessage(await sent.answer);
    if (answer.data.callroom === 'error')
      throw new CallroomError(Number(answer.data.error_code), String(answer.data.error));
    return answer;
  }
}

function message(body: object, jsep?: RTCSessionDescriptionInit) {
  return jsep ? { janus: 'message', body, jsep: { type: jsep.type, sdp: jsep.sdp } } : { janus: 'message', body };
}

function pluginMessage(incoming: JanusMessage): PluginMessage {
  const data = incoming.plugindata?.data ?? {};
  const jsep = incoming.jsep as RTCSessionDescriptionInit | undefined;
  return jsep ? { data, jsep } : { data };
}
