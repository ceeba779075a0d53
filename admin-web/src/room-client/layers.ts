import type { Publication } from './local_tracks';

/** What the room is asked for of one person's video: one of three sizes, or nothing. */
export type Layer = 'l' | 'm' | 'h' | 'none';

/** TypeScript's own list lacks what WebRTC-SVC added. */
type Encoding = RTCRtpEncodingParameters & { scalabilityMode: string };

/** Three sizes of the camera's picture, the largest first, so that everybody gets the one that their network takes. */
const kLayers: readonly (Encoding & { scaleResolutionDownBy: number })[] = [
  { rid: 'h', scalabilityMode: 'L1T3', scaleResolutionDownBy: 1 },
  { rid: 'm', scalabilityMode: 'L1T3', scaleResolutionDownBy: 2 },
  { rid: 'l', scalabilityMode: 'L1T3', scaleResolutionDownBy: 4 },
];

/** The picture that a narrow network begins with, key frame and all: less than the 200 kbit/s that browsers give it. */
const kSmallPixels = 320 * 240;
const kSmallBitsPerPixel = 3; // and second: of 2, encoders drop frames for a second or two after a key frame
const kLeastBps = 60_000;

const limited = (
  layer: (typeof kLayers)[number],
  { width = 0, height = 0 }: MediaTrackSettings,
): RTCRtpEncodingParameters => {
  const pixels = (width * height) / layer.scaleResolutionDownBy ** 2;
  if (pixels === 0 || pixels > kSmallPixels) return { ...layer };
  return { ...layer, maxBitrate: Math.max(kSmallBitsPerPixel * pixels, kLeastBps) };
};

/** How a camera's picture is sent where the room is for several; nothing of any other source. */
export const layersOf = ({ source, track }: Publication): RTCRtpEncodingParameters[] | undefined =>
  source === 'camera' ? kLayers.map((layer) => limited(layer, track.getSettings())) : undefined;

/** The layer that a picture of this height is drawn from, in the screen's own pixels; 0: it is not seen. */
export function layerFor(height: number): Layer {
  if (height <= 0) return 'none';
  if (height <= 180) return 'l';
  return height <= 360 ? 'm' : 'h';
}

const kNowhere = {};

/** Asks for each person's video by the size it is shown at: once things have settled, and only for what changed. */
export class WantedLayers {
  private readonly heights = new Map<string, Map<object, number>>();
  private readonly told = new Map<string, Layer>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ask: (layers: Record<string, Layer>) => Promise<void>,
    private readonly settleMs = 300,
  ) {}

  /** `where`: the element that shows it; a person may be shown in several, and the largest counts. */
  show(id: string, where: object, height: number): void {
    const shown = this.heights.get(id) ?? new Map<object, number>();
    shown.delete(kNowhere);
    shown.set(where, height);
    this.heights.set(id, shown);
    this.settle();
  }

  /** That element is gone. Who was shown there alone is asked for whole again, as at first. */
  hide(id: string, where: object): void {
    const shown = this.heights.get(id);
    if (!shown?.delete(where)) return;
    if (shown.size === 0) shown.set(kNowhere, Number.POSITIVE_INFINITY);
    this.settle();
  }

  forget(id: string): void {
    this.heights.delete(id);
    this.told.delete(id);
  }

  /** The room knows nothing any more of what was asked for. */
  reset(): void {
    this.told.clear();
    if (this.heights.size > 0) this.settle();
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private settle(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.tell(), this.settleMs);
  }

  private async tell(): Promise<void> {
    const news: Record<string, Layer> = {};
    for (const [id, shown] of this.heights) {
      const layer = layerFor(Math.max(...shown.values()));
      if (layer !== (this.told.get(id) ?? 'h')) news[id] = layer;
    }
    if (Object.keys(news).length === 0) return;
    for (const [id, layer] of Object.entries(news)) this.told.set(id, layer);
    await this.ask(news).catch(() => {
      for (const id of Object.keys(news)) this.told.delete(id);
    });
  }
}
