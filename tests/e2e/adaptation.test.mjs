// A call whose network gets narrow for one person: how soon the sender is told, how long the picture stands still, how
// much of the line is used, and that the others do not notice. The whole table, beside VideoRoom, with tests/run --long;
// with other values: tests/e2e/adaptation.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AdaptationBench, kCases, kManyPeoplesCamera, line, shortcomings } from '../support/adaptation.mjs';

const kLong = process.env.CALLROOM_LONG === '1';
const short = { ...kCases['rate-600'], seconds: 30 };
const cases = kLong ? Object.entries(kCases) : [['rate-600', short]];

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
      if (kLong) t.diagnostic(line(`${name} videoroom`, await bench.run(theCase, { plugin: 'videoroom' })));
      assert.deepEqual(shortcomings(theCase, figures), []);
      if (theCase.limit) assert.ok(figures.limitedBy.includes('network'), `limited_by: ${figures.limitedBy}`);
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
      if (theCase.limit) assert.ok(figures.limitedBy.includes('network'), `limited_by: ${figures.limitedBy}`);
      // A number that the core has spent on a packet that it then did not send reads as loss.
      assert.doesNotMatch(await bench.stack.log('janus'), /SRTP\/SRTCP errors|empty RTP packet/);
    });
  }
});
