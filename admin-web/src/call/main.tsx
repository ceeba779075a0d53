import '../common/theme.css';
import './call.css';
import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Call } from './call';
import { Farewell } from './farewell';
import { Lobby } from './lobby';
import { LocalMedia } from './local_media';
import { Stage } from './stage';
import { useChanges } from './use_changes';

/** Lobby, call, and what the room said of it afterwards; a second call in the same tab begins with a fresh client. */
function App({ media }: { media: LocalMedia }) {
  const [round, setRound] = useState(0);
  const call = useMemo(() => new Call(media), [media, round]);
  useEffect(() => {
    const leaving = () => call.client.abandon();
    addEventListener('pagehide', leaving);
    return () => {
      removeEventListener('pagehide', leaving);
      call.close();
    };
  }, [call]);
  useChanges((changed) => [call.on('changed', changed), media.on('changed', changed)], call);
  const inCall = call.state === 'joined' || call.state === 'reconnecting';
  return (
    <div class="page" data-state={call.state} data-connection={call.connection} data-provider={call.client.provider}>
      {inCall && <Stage call={call} />}
      {!inCall && (call.state === 'left' || call.state === 'failed') && (
        <Farewell call={call} again={() => setRound(round + 1)} />
      )}
      {(call.state === 'idle' || call.state === 'joining') && <Lobby key={round} call={call} automatic={round === 0} />}
    </div>
  );
}

const root = document.getElementById('app');
if (root) {
  const media = new LocalMedia();
  void media.open();
  render(<App media={media} />, root);
}
