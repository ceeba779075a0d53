// Callroom's figures beside what the pages and the network say, within the tolerances they are promised to have. The profiles' values
// can be changed from the command line: see tests/e2e/quality_exactness.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ExactnessBench, kProfiles, table } from '../support/exactness.mjs';

// Few and short, with as much as possible at once; all of them in long runs.
const kShort = [
  ['loss-and-delay', { seconds: 40, up: { loss: 7, delay: 60, jitter: 10 }, down: { loss: 4, delay: 40 } }],
  ['blackout', { ...kProfiles.blackout, seconds: 35 }],
  ['mute', { ...kProfiles.mute, seconds: 42, muteSeconds: 8 }],
];
const profiles = process.env.CALLROOM_LONG === '1' ? Object.entries(kProfiles) : kShort;

describe('figures of a call', { skip: process.getuid() !== 0 && 'takes root: network namespaces' }, () => {
  let bench;
  before(async () => {
    bench = await ExactnessBench.start();
  });
  after(() => bench?.stop());

  for (const [name, profile] of profiles) {
    test(name, { timeout: 1000 * (profile.seconds + 90) }, async () => {
      const reports = await bench.run(name, profile);
      console.log(table(name, reports));
      const off = reports.flatMap(({ user, lines }) => lines.filter(({ within }) => !within).map((line) => ({ user, ...line })));
      assert.deepEqual(off, [], 'figures that are off');
    });
  }
});
