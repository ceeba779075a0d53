import { expect, test } from 'vitest';
import { makeUserId } from '../../src/call/identity';
import { gridFor } from '../../src/call/layout';
import { levelOf } from '../../src/call/level_meter';

const shape = (count: number, width: number, height: number) => {
  const grid = gridFor(count, width, height);
  return `${grid.columns}x${grid.rows}`;
};

test('people are placed so that their pictures are largest', () => {
  const wide = [1, 2, 3, 4, 9, 16].map((count) => shape(count, 1600, 900));
  const phone = [1, 2, 3, 4].map((count) => shape(count, 390, 700));
  expect(wide).toEqual(['1x1', '2x1', '2x2', '2x2', '3x3', '4x4']);
  expect(phone).toEqual(['1x1', '1x2', '1x3', '1x4']);
});

test('pictures and gaps fit the stage', () => {
  const outside = [];
  for (let count = 1; count <= 16; count++) {
    for (const [width, height] of [
      [1600, 900],
      [390, 700],
      [1000, 300],
      [320, 320],
    ] as const) {
      const grid = gridFor(count, width, height);
      const fits =
        grid.columns * grid.width + 8 * (grid.columns - 1) <= width &&
        grid.rows * grid.height + 8 * (grid.rows - 1) <= height;
      if (!fits || grid.columns * grid.rows < count || grid.width <= 0) outside.push({ count, width, height, grid });
    }
  }
  expect(outside).toEqual([]);
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
