import '../webrtc/tests.css';
import { usePanel } from '../context';
import { ResultsView } from '../webrtc/results_view';
import { useRun } from '../webrtc/use_run';
import { collisionTest, reconnectTest, roleTest, threeTest } from './call_tests';
import { alertsTest, exportTest, ownRowsTest, type Recorded, rowTest } from './record_tests';

const kGroups = { calls: 'Calls', records: 'Records' };

/** The deployment proves itself, with synthetic media: no camera, no microphone, nobody else. */
export function FeaturesTab() {
  const { api } = usePanel();
  const run = useRun(async () => {
    const recorded: Recorded = { room: undefined };
    const cases = [
      roleTest(api),
      collisionTest(api, 'p2p'),
      collisionTest(api, 'relay'),
      threeTest(api),
      reconnectTest(api),
      rowTest(api, recorded),
      ownRowsTest(api, recorded),
      alertsTest(api),
      exportTest(api, recorded),
    ];
    return { cases, close: async () => undefined };
  });
  return (
    <>
      <h1 class="visually-hidden">Feature Tests</h1>
      <ResultsView
        run={run}
        groups={kGroups}
        introduction={
          'Makes calls of this page with itself, with a painted picture and a tone, and shows that this installation does ' +
          'what it should: collisions, reconnects, rows, and who may read them. One test writes two rows.'
        }
        fileName="callroom-feature-tests.json"
      />
    </>
  );
}
