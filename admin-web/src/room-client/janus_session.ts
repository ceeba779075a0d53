import { JanusError, TransportError } from './errors';
import { JanusHandle } from './janus_handle';
import { type Deferred, deferred, delay } from './promises';
import type { JanusMessage } from './protocol';
import type { Connect, Transport } from './transport';

const kPlugin = 'janus.plugin.callroom';
const kKeepaliveMs = 15_000;
const kAnswerTimeoutMs = 15_000;
/** Janus keeps a session this long without a connection (its session_timeout); after that there is nothing to reclaim. */
const kReclaimWindowMs = 55_000;

interface Pending {
  acknowledged: Deferred<JanusMessage>;
  answer: Deferred<JanusMessage>;
  timer: ReturnType<typeof setTimeout>;
}

/** What a request comes to: Janus's acknowledgement first, the plugin's answer later. Either may be all there is. */
export interface Transaction {
  acknowledged: Promise<JanusMessage>;
  answer: Promise<JanusMessage>;
}

/**
 * A Janus session over one connection at a time. A connection that is lost is opened anew and the session claimed; onLost and
 * onReclaimed tell of it, onGone that it is of no use any more. What was not answered when the connection broke is rejected.
 */
export class JanusSession {
  onLost: () => void = () => {};
  onReclaimed: () => void = () => {};
  onGone: (reason: string) => void = () => {};

  private transport: Transport | undefined;
  private id = 0;
  private closed = false;
  private reclaiming = false;
  private counter = 0;
  private readonly tag = Math.random().toString(36).slice(2, 10);
  private readonly pending = new Map<string, Pending>();
  private readonly handles = new Map<number, JanusHandle>();
  private keepalive: ReturnType<typeof setInterval> | undefined;

  private constructor(private readonly connect: Connect) {}

  static async open(connect: Connect): Promise<JanusSession> {
    const session = new JanusSession(connect);
    session.use(await connect());
    try {
      session.id = dataId(await session.transact({ janus: 'create' }).acknowledged);
    } catch (error) {
      session.transport?.close();
      throw error;
    }
    session.keepalive = setInterval(() => session.alive(), kKeepaliveMs);
    return session;
  }

  async attach(): Promise<JanusHandle> {
    const handle = new JanusHandle(
      this,
      dataId(await this.transact({ janus: 'attach', plugin: kPlugin }).acknowledged),
    );
    this.handles.set(handle.id, handle);
    return handle;
  }

  forget(handleId: number): void {
    this.handles.delete(handleId);
  }

  transact(request: object): Transaction {
    const transaction = `${this.tag}-${++this.counter}`;
    const acknowledged = deferred<JanusMessage>();
    const answer = deferred<JanusMessage>();
    acknowledged.promise.catch(() => undefined);
    answer.promise.catch(() => undefined);
    const timer = setTimeout(() => this.fail(transaction, new TransportError('No answer in time.')), kAnswerTimeoutMs);
    this.pending.set(transaction, { acknowledged, answer, timer });
    const envelope = this.id ? { ...request, transaction, session_id: this.id } : { ...request, transaction };
    try {
      if (!this.transport) throw new TransportError('The connection to the call server is lost.');
      this.transport.send(JSON.stringify(envelope));
    } catch (error) {
      this.fail(transaction, error);
    }
    return { acknowledged: acknowledged.promise, answer: answer.promise };
  }

  /** Ends the session at Janus, if it can be told, and the connection. */
  async destroy(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.keepalive);
    if (this.transport) await this.transact({ janus: 'destroy' }).acknowledged.catch(() => undefined);
    this.transport?.close();
    this.failAll('The session was closed.');
  }

  private use(transport: Transport): void {
    this.transport = transport;
    transport.onMessage = (text) => this.receive(text);
    transport.onClose = (reason) => this.lost(reason);
  }

  private alive(): void {
    const transport = this.transport;
    if (!transport) return;
    this.transact({ janus: 'keepalive' }).acknowledged.catch(() => {
      if (this.transport !== transport) return;
      transport.close();
      this.lost('no answer');
    });
  }

  private lost(reason: string): void {
    this.transport = undefined;
    this.failAll(`The connection to the call server was lost: ${reason}`);
    if (!this.closed && !this.reclaiming) void this.reclaim();
  }

  private async reclaim(): Promise<void> {
    this.reclaiming = true;
    this.onLost();
    const until = Date.now() + kReclaimWindowMs;
    for (let wait = 200; !this.closed && Date.now() < until; wait = Math.min(wait * 2, 3000)) {
      try {
        this.use(await this.connect());
        await this.transact({ janus: 'claim' }).acknowledged;
        this.reclaiming = false;
        this.onReclaimed();
        return;
      } catch (error) {
        this.transport?.close();
        this.transport = undefined;
        if (error instanceof JanusError) break;
        await delay(wait * (0.75 + Math.random() / 2));
      }
    }
    if (!this.closed) this.gone('The call server no longer knows this session.');
  }

  private gone(reason: string): void {
    this.closed = true;
    clearInterval(this.keepalive);
    this.transport?.close();
    this.failAll(reason);
    this.onGone(reason);
  }

  private receive(text: string): void {
    const message = JSON.parse(text) as JanusMessage;
    const pending = message.transaction === undefined ? undefined : this.pending.get(message.transaction);
    if (message.janus === 'error' && pending) {
      const { code, reason } = message.error ?? { code: 0, reason: 'unknown error' };
      this.fail(message.transaction as string, new JanusError(code, reason));
    } else if (message.janus === 'ack' && pending) {
      pending.acknowledged.resolve(message);
    } else if (pending) {
      this.settle(message.transaction as string, pending, message);
    } else if (message.janus === 'timeout') {
      this.gone('The call server let the session time out.');
    } else if (message.sender !== undefined) {
      this.handles.get(message.sender)?.receive(message);
    }
  }

  private settle(transaction: string, pending: Pending, message: JanusMessage): void {
    clearTimeout(pending.timer);
    this.pending.delete(transaction);
    pending.acknowledged.resolve(message);
    pending.answer.resolve(message);
  }

  private fail(transaction: string, error: unknown): void {
    const pending = this.pending.get(transaction);
    if (!pending) return;
    clearTimeout(pending.timer);
    this.pending.delete(transaction);
    pending.acknowledged.reject(error);
    pending.answer.reject(error);
  }

  private failAll(reason: string): void {
    for (const transaction of [...this.pending.keys()]) this.fail(transaction, new TransportError(reason));
  }
}

function dataId(message: JanusMessage): number {
  if (message.janus !== 'success' || !message.data) throw new TransportError('Janus answered without an id.');
  return message.data.id;
}
