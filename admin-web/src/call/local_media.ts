import { Emitter } from '../room-client/emitter';

export type InputKind = 'audioinput' | 'videoinput';

interface Events {
  /** Tracks, devices or the error changed. */
  changed: undefined;
  /** A track takes the place of another of its kind. */
  replaced: MediaStreamTrack;
  /** The person ended the screen share with the browser's own button. */
  screenEnded: undefined;
}

const kVideo: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const kAudio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** This person's camera, microphone and screen, whether in a call or not. */
export class LocalMedia extends Emitter<Events> {
  microphone: MediaStreamTrack | undefined;
  camera: MediaStreamTrack | undefined;
  screen: MediaStreamTrack | undefined;
  devices: MediaDeviceInfo[] = [];
  /** Why there is no camera or microphone, in words. */
  problem: string | undefined;

  /** Opens camera and microphone; where one is missing, the other alone. */
  async open(): Promise<void> {
    if (!navigator.mediaDevices) {
      this.problem =
        'This page was not loaded over a secure address, so that the browser offers no camera or microphone.';
      this.emit('changed', undefined);
      return;
    }
    navigator.mediaDevices.addEventListener('devicechange', () => void this.list());
    try {
      this.take(await navigator.mediaDevices.getUserMedia({ audio: kAudio, video: kVideo }));
    } catch (error) {
      this.problem = inWords(error);
      for (const constraints of [{ audio: kAudio }, { video: kVideo }]) {
        await navigator.mediaDevices.getUserMedia(constraints).then(
          (stream) => this.take(stream),
          () => undefined,
        );
      }
    }
    await this.list();
  }

  /** Changes to another device; the track in use ends when the new one is there. */
  async choose(kind: InputKind, deviceId: string): Promise<void> {
    const device = { deviceId: { exact: deviceId } };
    const constraints =
      kind === 'audioinput' ? { audio: { ...kAudio, ...device } } : { video: { ...kVideo, ...device } };
    try {
      this.take(await navigator.mediaDevices.getUserMedia(constraints));
      this.problem = undefined;
    } catch (error) {
      this.problem = inWords(error);
    }
    this.emit('changed', undefined);
  }

  async share(): Promise<MediaStreamTrack | undefined> {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } });
    const [track] = stream.getVideoTracks();
    if (!track) return undefined;
    track.contentHint = 'detail';
    track.addEventListener('ended', () => this.emit('screenEnded', undefined));
    this.screen = track;
    this.emit('changed', undefined);
    return track;
  }

  stopSharing(): void {
    this.screen?.stop();
    this.screen = undefined;
    this.emit('changed', undefined);
  }

  close(): void {
    for (const track of [this.microphone, this.camera, this.screen]) track?.stop();
    this.microphone = this.camera = this.screen = undefined;
    this.emit('changed', undefined);
  }

  private take(stream: MediaStream): void {
    for (const track of stream.getTracks()) {
      const slot = track.kind === 'audio' ? 'microphone' : 'camera';
      const before = this[slot];
      this[slot] = track;
      if (before) {
        this.emit('replaced', track);
        before.stop();
      }
    }
    this.emit('changed', undefined);
  }

  private async list(): Promise<void> {
    this.devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    this.emit('changed', undefined);
  }
}

function inWords(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return 'The browser was not allowed to use the camera and microphone.';
  if (name === 'NotFoundError') return 'No camera or no microphone was found.';
  if (name === 'NotReadableError') return 'Another program is using the camera or microphone.';
  return 'The camera and microphone cannot be used.';
}
