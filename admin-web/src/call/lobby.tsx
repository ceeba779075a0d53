import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Call, type JoinForm, refusalOf, refusalText } from './call';
import { DeviceChoice } from './device_choice';
import { type Identity, interruptedCall, makeUserId } from './identity';
import { Video } from './video';

/** What a room without a server in between takes. */
const kMostDirectly = 4;

/** Name, room and devices, before the call. */
export function Lobby({ call, automatic }: { call: Call; automatic: boolean }) {
  const asked = new URLSearchParams(location.search);
  const [name, setName] = useState(asked.get('name') ?? '');
  const [room, setRoom] = useState(asked.get('room') ?? '');
  const [pin, setPin] = useState('');
  const [wantsPin, setWantsPin] = useState(false);
  const [media, setMedia] = useState(mediaOf(asked.get('media')));
  const [capacity, setCapacity] = useState(Number(asked.get('people')) || (media === 'relay' ? 8 : 2));
  const [refusal, setRefusal] = useState<string>();
  const [busy, setBusy] = useState(false);

  const choose = (chosen: JoinForm['media']) => {
    setMedia(chosen);
    if (chosen === 'p2p') setCapacity((most) => Math.min(most, kMostDirectly));
  };

  const join = async (identity: Identity, takeover: boolean) => {
    setBusy(true);
    setRefusal(undefined);
    try {
      await call.join({ ...identity, media, capacity, takeover });
    } catch (error) {
      setRefusal(refusalText(error));
      if (refusalOf(error) === 'pin') setWantsPin(true);
      setBusy(false);
    }
  };
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const userId = makeUserId(name, Math.random().toString(36).slice(2));
    const identity = { room: room.trim(), name: name.trim(), userId };
    void join(pin ? { ...identity, pin } : identity, false);
  };
  useEffect(() => {
    const interrupted = automatic ? interruptedCall() : undefined;
    if (interrupted) void whenOpened(call).then(() => join(interrupted, true));
  }, []);

  return (
    <main class="lobby">
      <div class="lobby-preview">
        <div class="picture">
          <Video track={call.media.camera} muted mirrored label="Your camera" />
          {!call.media.camera && <p class="picture-note">{call.media.problem ?? 'Opening your camera…'}</p>}
        </div>
        <DeviceChoice media={call.media} />
      </div>
      <form class="lobby-form" onSubmit={submit}>
        <h1>Join a call</h1>
        <label class="field">
          <span>Your name</span>
          <input
            name="name"
            required
            maxLength={60}
            autocomplete="name"
            value={name}
            onInput={(e) => setName(e.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Room</span>
          <input
            name="room"
            required
            maxLength={64}
            pattern="[!-~]([ -~]*[!-~])?"
            title="Letters, digits and signs without accents"
            autocomplete="off"
            value={room}
            onInput={(e) => setRoom(e.currentTarget.value)}
          />
        </label>
        {wantsPin && (
          <label class="field">
            <span>PIN of the room</span>
            <input
              name="pin"
              type="password"
              autocomplete="off"
              value={pin}
              onInput={(e) => setPin(e.currentTarget.value)}
            />
          </label>
        )}
        <details>
          <summary>If the room is new</summary>
          <div class="lobby-new">
            <label class="field">
              <span>Media goes</span>
              <select name="media" value={media} onChange={(e) => choose(mediaOf(e.currentTarget.value))}>
                <option value="relay">through the server</option>
                <option value="p2p">directly between people</option>
                <option value="auto">directly while that works</option>
              </select>
            </label>
            <label class="field">
              <span>Room for</span>
              <select
                name="capacity"
                value={String(capacity)}
                onChange={(e) => setCapacity(Number(e.currentTarget.value))}
              >
                {[2, 4, 8, 16]
                  .filter((n) => media !== 'p2p' || n <= kMostDirectly)
                  .map((n) => (
                    <option key={n} value={String(n)}>{`${n} people`}</option>
                  ))}
              </select>
            </label>
            {!wantsPin && (
              <button type="button" class="button" onClick={() => setWantsPin(true)}>
                Protect it with a PIN
              </button>
            )}
          </div>
        </details>
        {refusal && (
          <p class="notice error" role="alert">
            {refusal}
          </p>
        )}
        <button class="button primary" type="submit" disabled={busy}>
          {busy ? 'Joining…' : 'Join'}
        </button>
      </form>
    </main>
  );
}

const mediaOf = (text: string | null): JoinForm['media'] => (text === 'p2p' || text === 'auto' ? text : 'relay');

/** Resolves when camera and microphone are open, or known not to open. */
function whenOpened({ media }: Call): Promise<void> {
  const opened = () => media.camera !== undefined || media.microphone !== undefined || media.problem !== undefined;
  return new Promise((resolve) => {
    if (opened()) return resolve();
    const stop = media.on('changed', () => {
      if (!opened()) return;
      stop();
      resolve();
    });
  });
}
