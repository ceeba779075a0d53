import { LevelMeter } from './level_meter';
import type { InputKind, LocalMedia } from './local_media';

/** Which camera and microphone; the level meter shows whether the microphone hears anything. */
export function DeviceChoice({ media }: { media: LocalMedia }) {
  return (
    <div class="devices">
      <Choice media={media} kind="videoinput" label="Camera" chosen={media.camera} />
      <Choice media={media} kind="audioinput" label="Microphone" chosen={media.microphone} />
      <LevelMeter track={media.microphone} />
    </div>
  );
}

interface ChoiceProps {
  media: LocalMedia;
  kind: InputKind;
  label: string;
  chosen: MediaStreamTrack | undefined;
}

function Choice({ media, kind, label, chosen }: ChoiceProps) {
  const devices = media.devices.filter((device) => device.kind === kind && device.deviceId);
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={chosen?.getSettings().deviceId ?? ''}
        disabled={devices.length === 0}
        onChange={(event) => void media.choose(kind, event.currentTarget.value)}
      >
        {devices.length === 0 && <option value="">none found</option>}
        {devices.map((device, i) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label || `${label} ${i + 1}`}
          </option>
        ))}
      </select>
    </label>
  );
}
