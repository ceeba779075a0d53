import { measure, type Snapshot, snapshotOf } from './measurements';
import type { PathContext } from './media_path';

const kDefaultIntervalMs = 3000;

/** Measures the way to one peer and reports it to the room: what Janus does not see, it cannot measure. */
export class PeerReporter {
  private timer: ReturnType<typeof setInterval>;
  private last: Snapshot | undefined;

  constructor(
    private readonly connection: RTCPeerConnection,
    private readonly to: string,
    private readonly context: PathContext,
  ) {
    this.timer = setInterval(() => void this.report(), context.joined.sample_interval ?? kDefaultIntervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async report(): Promise<void> {
    if (this.connection.connectionState !== 'connected') return;
    const snapshot = snapshotOf(await this.connection.getStats());
    const previous = this.last;
    this.last = snapshot;
    if (!previous) return;
    const body: Record<string, unknown> = { request: 'report', to: this.to, samples: [measure(previous, snapshot)] };
    if (snapshot.transport) body.transport = snapshot.transport;
    await this.context.handle.post(body).catch(() => undefined);
  }
}
