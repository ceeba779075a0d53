import { type Deferred, deferred } from './promises';

/**
 * Runs an exchange of offer and answer again and again while it is asked for, never two at once. Every request is met by an exchange
 * that began after it; requests made during one share the next.
 */
export class OfferLoop {
  private waiting: Deferred<void> | undefined;
  private running = false;
  private stopped = false;

  constructor(private readonly exchange: () => Promise<void>) {}

  request(): Promise<void> {
    if (this.stopped) return Promise.reject(new Error('The connection was closed.'));
    this.waiting ??= deferred<void>();
    const { promise } = this.waiting;
    if (!this.running) void this.run();
    return promise;
  }

  /** No further exchange begins; requests that wait are rejected. */
  stop(): void {
    this.stopped = true;
    this.waiting?.reject(new Error('The connection was closed.'));
    this.waiting?.promise.catch(() => undefined);
    this.waiting = undefined;
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting && !this.stopped) {
      const current: Deferred<void> = this.waiting;
      this.waiting = undefined;
      try {
        await this.exchange();
        current.resolve();
      } catch (error) {
        current.reject(error);
      }
    }
    this.running = false;
  }
}
