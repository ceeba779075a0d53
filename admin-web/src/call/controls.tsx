import { useEffect, useState } from 'preact/hooks';
import { Icon, type IconName } from '../common/icons';
import type { Call } from './call';
import { DeviceChoice } from './device_choice';

/** Microphone, camera, screen, devices, leave. M, V and S do the same on the keyboard. */
export function Controls({ call }: { call: Call }) {
  const [choosing, setChoosing] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement) return;
      if (event.key === 'm') call.toggleMicrophone();
      else if (event.key === 'v') call.toggleCamera();
      else if (event.key === 's') void call.toggleScreen();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [call]);

  return (
    <footer class="controls">
      {choosing && (
        <div class="controls-devices">
          <DeviceChoice media={call.media} />
        </div>
      )}
      {call.problem && (
        <p class="notice error" role="alert">
          {call.problem}
        </p>
      )}
      <div class="controls-row">
        <Toggle
          icon="microphone"
          on={!call.muted}
          disabled={!call.hasMicrophone}
          label={call.muted ? 'Unmute (M)' : 'Mute (M)'}
          action="microphone"
          press={() => call.toggleMicrophone()}
        />
        <Toggle
          icon="camera"
          on={!call.cameraOff}
          disabled={!call.hasCamera}
          label={call.cameraOff ? 'Camera on (V)' : 'Camera off (V)'}
          action="camera"
          press={() => call.toggleCamera()}
        />
        <Toggle
          icon="screen"
          on={!call.sharing}
          disabled={!navigator.mediaDevices || !('getDisplayMedia' in navigator.mediaDevices)}
          label={call.sharing ? 'Stop sharing (S)' : 'Share screen (S)'}
          action="screen"
          press={() => void call.toggleScreen()}
        />
        <button
          type="button"
          class="control"
          aria-expanded={choosing}
          title="Devices"
          aria-label="Devices"
          onClick={() => setChoosing(!choosing)}
        >
          <Icon name="settings" />
        </button>
        <button
          type="button"
          class="control leave"
          data-action="leave"
          title="Leave"
          aria-label="Leave"
          onClick={() => void call.leave()}
        >
          <Icon name="leave" />
        </button>
      </div>
    </footer>
  );
}

interface ToggleProps {
  icon: IconName;
  on: boolean;
  disabled: boolean;
  label: string;
  action: string;
  press: () => void;
}

function Toggle({ icon, on, disabled, label, action, press }: ToggleProps) {
  return (
    <button
      type="button"
      class={`control${on ? '' : ' off'}`}
      data-action={action}
      data-on={on}
      disabled={disabled}
      title={label}
      aria-label={label}
      onClick={press}
    >
      <Icon name={icon} off={!on && icon !== 'screen'} />
    </button>
  );
}
