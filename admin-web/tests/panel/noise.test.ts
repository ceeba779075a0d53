import { describe, expect, it } from 'vitest';
import type { Figures } from '../../src/panel/quality/answers';
import { noise } from '../../src/panel/quality/noise';

const figures = (changes: object) =>
  ({
    sessions: 400,
    score_margin: 3,
    latency: { avg_ms: 50, margin: null },
    poor_or_failed: { share_pct: 10, sessions: 400 },
    drops: { share_pct: 0, count: 0, sessions: 0 },
    ...changes,
  }) as unknown as Figures;

describe('noise', () => {
  it('adds the margins of both periods as chance does', () => {
    expect(noise('score', figures({ score_margin: 3 }), figures({ score_margin: 4 }))).toBe(5);
  });

  it('is that of a binomial share', () => {
    // 1.96 * sqrt(0.1 * 0.9 / 400) = 2.94 points, twice
    expect(noise('poor_or_failed', figures({}), figures({}))).toBeCloseTo(2.94 * Math.SQRT2, 10);
  });

  it('is not known where a margin is not', () => {
    expect(noise('latency', figures({}), figures({}))).toBeUndefined();
    expect(noise('drops', figures({ sessions: 1 }), figures({}))).toBeUndefined();
  });
});
