// People of a feature test: room clients of this page with synthetic media, and what they see of each other.

import type { Transport } from '../../room-client';
import { type RemoteParticipant, RoomClient, webSocket } from '../../room-client';
import { pause } from '../webrtc/runner';
import { type SyntheticMedia, syntheticMedia } from '../webrtc/synthetic_media';

export class Person {
  readonly client: RoomClient;
  private media: SyntheticMedia | undefined;
  private transport: Transport | undefined;
  readonly states: string[] = [];

  constructor(readonly userId: string) {
    const connect = webSocket('/janus-ws');
    this.client = new RoomClient({
      connect: async () => {
        this.transport = await connect();
        return this.transport;
      },
    });
    this.client.on('state', ({ state }) => this.states.push(state));
  }

  async join(room: string): Promise<void> {
    await this.client.join({ room, userId: this.userId, display: this.userId });
  }

  /** Sends picture and tone. */
  publish(): void {
    this.media ??= syntheticMedia(320, 180, this.userId.charCodeAt(0) * 37);
    this.client.publish(this.media.video);
    this.client.publish(this.media.audio);
  }

  /** Breaks the connection to Janus as a change of networks does: nobody is told. */
  cut(): void {
    const { transport } = this;
    if (!transport) return;
    const told = transport.onClose;
    transport.close();
    told('cut by the test');
  }

  async leave(): Promise<void> {
    await this.client.leave().catch(() => undefined);
    this.media?.stop();
  }

  other(userId: string): RemoteParticipant | undefined {
    return this.client.others.find((other) => other.userId === userId);
  }

  /** Frames decoded so far, by the track that they came on. */
  async framesByTrack(): Promise<Map<string, number>> {
    const frames = new Map<string, number>();
    for (const { report } of await this.client.statistics()) {
      for (const entry of report.values()) {
        if (entry.type !== 'inbound-rtp' || entry.kind !== 'video') continue;
        frames.set(entry.trackIdentifier, (frames.get(entry.trackIdentifier) ?? 0) + (entry.framesDecoded ?? 0));
      }
    }
    return frames;
  }

  /** Resolves when new frames of each of these people are decoded: a description that looks right is not enough. */
  async sees(userIds: readonly string[], signal: AbortSignal, timeMs = 15_000): Promise<void> {
    const before = await this.framesByTrack();
    const until = performance.now() + timeMs;
    for (;;) {
      const now = await this.framesByTrack();
      const missing = userIds.filter((userId) => {
        const tracks = this.other(userId)?.tracks.filter(({ kind }) => kind === 'video') ?? [];
        return !tracks.some(({ track }) => (now.get(track.id) ?? 0) > (before.get(track.id) ?? 0));
      });
      if (missing.length === 0) return;
      if (performance.now() > until) throw new Error(`${this.userId} sees nothing new of ${missing.join(', ')}.`);
      await pause(150, signal);
    }
  }
}

/** Runs with people in a room, who leave it whatever happens. */
export async function withPeople<T>(userIds: readonly string[], run: (people: Person[]) => Promise<T>): Promise<T> {
  const people = userIds.map((userId) => new Person(userId));
  try {
    return await run(people);
  } finally {
    await Promise.all(people.map((person) => person.leave()));
  }
}

export async function until(
  condition: () => boolean,
  what: string,
  signal: AbortSignal,
  timeMs = 15_000,
): Promise<void> {
  const end = performance.now() + timeMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${timeMs / 1000} s.`);
    await pause(100, signal);
  }
}
