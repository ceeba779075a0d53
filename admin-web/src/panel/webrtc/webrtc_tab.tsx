import './tests.css';
import { usePanel } from '../context';
import { kGroups, makePlan } from './plan';
import { ResultsView } from './results_view';
import { ServerHistory } from './server_history';
import { useRun } from './use_run';

/** Tests of STUN and TURN servers, from here and from the server, and of what this browser and this network can do. */
export function WebrtcTab() {
  const { api } = usePanel();
  const run = useRun((signal) => makePlan(api, signal));
  return (
    <>
      <h1 class="visually-hidden">WebRTC Testing</h1>
      <ResultsView
        run={run}
        groups={kGroups}
        introduction={
          'Tests this browser, the STUN and TURN servers that clients get, the devices, and the way to Janus. It takes half ' +
          'a minute; the browser asks for the camera and the microphone.'
        }
        fileName="callroom-webrtc-tests.json"
      />
      <ServerHistory testing={run.running} />
    </>
  );
}
