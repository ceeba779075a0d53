import {
  CallroomError,
  type LeftSummary,
  type Publication,
  type QualityEvent,
  RoomClient,
  type RoomState,
} from '../room-client';
import { Emitter } from '../room-client/emitter';
import { forgetCall, type Identity, rememberCall } from './identity';
import type { LocalMedia } from './local_media';

const kNoSuchRoom = 404;
const kRoomExists = 405;
const kWrongPin = 407;

export interface JoinForm extends Identity {
  /** For a room that does not exist yet. */
  media: 'relay' | 'p2p' | 'auto';
  capacity: number;
  takeover: boolean;
}

export type Refusal = 'pin' | 'other';

/** One call of this page: the room client, fed with this person's media, and what the page shows of it. */
export class Call extends Emitter<{ changed: undefined }> {
  state: RoomState = 'idle';
  reason: string | undefined;
  connection: RTCPeerConnectionState = 'new';
  quality = new Map<string, QualityEvent>();
  summary: LeftSummary | undefined;
  identity: Identity | undefined;
  problem: string | undefined;
  readonly client = new RoomClient();

  private readonly stops: (() => void)[];
  private microphone: Publication | undefined;
  private camera: Publication | undefined;
  private screen: Publication | undefined;

  constructor(readonly media: LocalMedia) {
    super();
    const { client } = this;
    const changed = () => this.emit('changed', undefined);
    client.on('state', ({ state, reason }) => {
      this.state = state;
      this.reason = reason;
      if (state === 'left') forgetCall();
      if (state === 'joined') this.remember();
      changed();
    });
    client.on('connection', (state) => {
      this.connection = state;
      changed();
    });
    client.on('quality', (quality) => {
      this.quality.set(quality.id ?? '', quality);
      changed();
    });
    client.on('participantJoined', changed);
    client.on('participantLeft', changed);
    client.on('tracks', changed);
    client.on('provider', changed);
    client.on('problem', (error) => console.warn('call:', error));
    this.stops = [
      media.on('replaced', (track) => this.replace(track)),
      media.on('screenEnded', () => this.stopSharing()),
    ];
  }

  get muted(): boolean {
    return this.microphone?.muted ?? true;
  }
  get cameraOff(): boolean {
    return this.camera?.muted ?? true;
  }
  get sharing(): boolean {
    return this.screen !== undefined;
  }
  get hasMicrophone(): boolean {
    return this.microphone !== undefined;
  }
  get hasCamera(): boolean {
    return this.camera !== undefined;
  }

  /** Enters the room, making it first where there is none. Rejects with the plugin's error. */
  async join(form: JoinForm): Promise<void> {
    const { room, name, userId } = form;
    const { microphone, camera } = this.media;
    if (microphone && !this.microphone) this.microphone = this.client.publish(microphone, 'microphone');
    if (camera && !this.camera) this.camera = this.client.publish(camera, 'camera');
    this.identity = form.pin ? { room, name, userId, pin: form.pin } : { room, name, userId };
    if (!(await this.client.exists(room))) await this.make(form);
    await this.client.join({
      room,
      userId,
      display: name,
      takeover: form.takeover,
      device: describeDevice(),
      ...(form.pin ? { pin: form.pin } : {}),
      ...(form.receiveToken ? { receiveToken: form.receiveToken } : {}),
    });
  }

  private remember(): void {
    const { receiveToken } = this.client;
    if (this.identity) rememberCall(receiveToken ? { ...this.identity, receiveToken } : this.identity);
  }

  toggleMicrophone(): void {
    if (this.microphone) this.client.mute(this.microphone, !this.microphone.muted);
    this.emit('changed', undefined);
  }

  toggleCamera(): void {
    if (this.camera) this.client.mute(this.camera, !this.camera.muted);
    this.emit('changed', undefined);
  }

  async toggleScreen(): Promise<void> {
    if (this.screen) return this.stopSharing();
    try {
      const track = await this.media.share();
      if (track) this.screen = this.client.publish(track, 'screen');
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotAllowedError'))
        this.problem = 'The screen cannot be shared.';
    }
    this.emit('changed', undefined);
  }

  async leave(): Promise<void> {
    forgetCall();
    this.media.stopSharing();
    this.summary = await this.client.leave();
    this.emit('changed', undefined);
  }

  /** Another call takes this one's place on the page. */
  close(): void {
    for (const stop of this.stops) stop();
  }

  private stopSharing(): void {
    if (!this.screen) return;
    this.client.unpublish(this.screen);
    this.screen = undefined;
    this.media.stopSharing();
    this.emit('changed', undefined);
  }

  private async make({ room, media, capacity, pin }: JoinForm): Promise<void> {
    try {
      await this.client.create({ room, media, capacity, quality_events: true, ...(pin ? { pin } : {}) });
    } catch (error) {
      // Somebody else made it at the same moment.
      if (!(error instanceof CallroomError) || error.code !== kRoomExists) throw error;
    }
  }

  private replace(track: MediaStreamTrack): void {
    const publication = track.kind === 'audio' ? this.microphone : this.camera;
    if (publication) this.client.local.replace(publication, track);
  }
}

export function refusalOf(error: unknown): Refusal {
  return error instanceof CallroomError && error.code === kWrongPin ? 'pin' : 'other';
}

export function refusalText(error: unknown): string {
  if (error instanceof CallroomError && error.code === kWrongPin) return 'This room asks for a PIN.';
  if (error instanceof CallroomError && error.code === kNoSuchRoom) return 'There is no such room.';
  return error instanceof Error ? error.message : String(error);
}

function describeDevice(): Record<string, string> {
  const { userAgent, language } = navigator;
  const browser =
    /(Firefox|Edg|OPR|Chrome|Version)\/[\d.]+/.exec(userAgent)?.[0].replace('Version', 'Safari') ?? 'unknown';
  const system = /\(([^;)]+)/.exec(userAgent)?.[1] ?? 'unknown';
  return { browser, system: system.slice(0, 60), language, screen: `${screen.width}x${screen.height}` };
}
