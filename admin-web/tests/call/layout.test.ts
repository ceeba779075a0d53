import { expect, test } from 'vitest';
import { makeUserId } from '../../src/call/identity';
import { gridFor } from '../../src/call/layout';
import { levelOf } from '../../src/call/level_meter';

test('people are placed so that their pictures are largest', () => {
  const grids = [
    gridFor(1, 1600, 900),
    gridFor(2, 1600, 900),
    gridFor(4, 1600, 900),
    gridFor(16, 1600, 900),
    gridFor(2, 390, 700),
    gridFor(3, 390, 700),
  ];
  expect(grids.map(({ columns, rows }) => `${columns}x${rows}`)).toEqual(['1x1', '2x1', '2x2', '4x4', '1x2', '1x3']);
});

test('a user id is plain, bounded and tells who it is', () => {
  const ids = [
    makeUserId('Ada Lovelace', 'k3x9zz'),
    makeUserId('Zoë', 'abcd'),
    makeUserId('李', 'abcd'),
    makeUserId('x'.repeat(90), 'abcd'),
  ];
  expect(ids.slice(0, 3)).toEqual(['ada-lovelace-k3x9', 'zoe-abcd', 'guest-abcd']);
  expect(ids[3]?.length).toBe(45);
});

test('loudness goes from silence to full scale', () => {
  const levels = [
    levelOf(new Float32Array(64)),
    levelOf(new Float32Array(64).fill(1)),
    levelOf(new Float32Array(64).fill(0.03)),
  ];
  expect(levels[0]).toBe(0);
  expect(levels[1]).toBe(1);
  expect(levels[2]).toBeGreaterThan(0.4);
  expect(levels[2]).toBeLessThan(0.6);
});
