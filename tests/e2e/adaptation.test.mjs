// A call whose network gets narrow for one person: how soon the sender is told, how long the picture stands still, how
// much of the line is used, and that the others do not notice. The whole table, beside VideoRoom, with tests/run --long;
// with other values: tests/e2e/adaptation.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AdaptationBench, kCases, kManyPeoplesCamera, line, shortcomings } from '../support/adaptation.mjs';
import { until } from '../support/stack.mjs';

const kLong = process.env.CALLROOM_LONG === '1';
const short = { ...kCases['rate-600'], seconds: 30 };
const cases = kLong ? Object.entries(kCases) : [['rate-600', short]];

/** The newest row of the one whose network got narrow, with what its timeline says of its pictures. */
async function rowOfConcerned({ stack }) {
  const asked = () => stack.rows("SELECT session_id FROM session_quality_logs WHERE user_id = 'user0' AND ended_at > now() - interval '20 s' ORDER BY created_at DESC");
  const [{ session_id }] = await until(asked, (rows) => rows.length > 0, { what: 'the row' });
  const { session } = await stack.admin.ask({ request: 'session', session_id });
  const events = session.timeline.events.filter(({ what }) => ['adaptation', 'quality_change'].includes(what));
  return { ...session, events, told: `${JSON.stringify(events)}, lost ${JSON.stringify(session.score_breakdown)} of ${session.quality_score}` };
}

const kCauses = ['queue', 'loss', 'round_trip', 'silence'];

describe('a network that gets narrow', { skip: process.getuid() !== 0 && 'takes root: network namespaces' }, () => {
  let bench;
  before(async () => {
    bench = await AdaptationBench.start();
  });
  after(() => bench?.stop());

  for (const [name, theCase] of cases) {
    test(name, { timeout: 1000 * (theCase.seconds + 150) * (kLong ? 2 : 1) }, async (t) => {
      const figures = await bench.run(theCase);
      t.diagnostic(line(`${name} callroom`, figures));
      const row = await rowOfConcerned(bench);
      t.diagnostic(`its row: ${row.told}`);
      if (kLong) t.diagnostic(line(`${name} videoroom`, await bench.run(theCase, { plugin: 'videoroom' })));
      assert.deepEqual(shortcomings(theCase, figures), []);
      if (!theCase.limit) return;
      assert.ok(figures.limitedBy.includes('network'), `limited_by: ${figures.limitedBy}`);
      const { events, told } = row;
      assert.ok(events.some(({ what, detail }) => what === 'adaptation' && kCauses.includes(detail)), told);
    });
  }
});

describe('the network of one among several', { skip: process.getuid() !== 0 && 'takes root: network namespaces' }, () => {
  let bench;
  before(async () => {
    bench = await AdaptationBench.start(kManyPeoplesCamera);
  });
  after(() => bench?.stop());

  // Every page encodes for all and decodes all: what depends on the machine is held to less in the short form.
  const shortAmongSeveral = { ...short, promised: { reactionMs: 1500, frozenMs: 2000, share: [0.5, 1] } };
  const people = kLong ? 5 : 3;
  for (const [name, theCase] of kLong ? Object.entries(kCases) : [['rate-600', shortAmongSeveral]]) {
    test(`${name}, ${people} people`, { timeout: 1000 * (theCase.seconds + 150) }, async (t) => {
      const figures = await bench.run(theCase, { people });
      t.diagnostic(line(`${name} callroom, ${people} people`, figures));
      assert.deepEqual(shortcomings(theCase, figures), []);
      const row = await rowOfConcerned(bench);
      const { events, told } = row;
      t.diagnostic(`its row: ${row.quality_changes} changes, ${told}`);
      if (theCase.limit) {
        assert.ok(figures.limitedBy.includes('network'), `limited_by: ${figures.limitedBy}`);
        // Each sample in which its layers were changed is a change of quality, with its cause on the way down; and a smaller
        // picture is what the call lost points to, not one that stands still.
        const lowered = events.filter(({ detail }) => detail === 'layers_lowered' || detail === 'video_paused');
        assert.ok(lowered.length > 0 && lowered.every(({ cause }) => kCauses.includes(cause)), told);
        assert.ok(row.quality_changes >= events.filter(({ what }) => what === 'quality_change').length, told);
        const { resolution, frame_rate, freezes } = row.score_breakdown;
        assert.ok(resolution + frame_rate > 0 && resolution + frame_rate > freezes, told);
      }
      // A number that the core has spent on a packet that it then did not send reads as loss.
      assert.doesNotMatch(await bench.stack.log('janus'), /SRTP\/SRTCP errors|empty RTP packet/);
    });
  }
});
