import { expect, test } from 'vitest';
import { type Picture, pictureOf } from '../../src/call/picture';
import { limitOf } from '../../src/call/quality_badge';

/** What a tile shows after each of these, [flowing, paused], from the beginning. */
function course(...steps: [boolean, boolean][]): Picture[] {
  let picture: Picture = 'none';
  return steps.map(([flowing, paused]) => {
    picture = pictureOf(picture, { flowing, paused });
    return picture;
  });
}

test('a picture that is paused is said to be so until it moves again', () => {
  const seen = course([true, false], [true, true], [false, true], [false, false], [false, false], [true, false]);
  expect(seen).toEqual(['moving', 'paused', 'paused', 'resuming', 'resuming', 'moving']);
});

test('who comes while there is no room is paused from the beginning', () => {
  expect(course([false, false], [false, true], [false, false], [true, false])).toEqual([
    'none',
    'paused',
    'resuming',
    'moving',
  ]);
});

test('a camera that is switched off is no pause', () => {
  expect(course([true, false], [false, false])).toEqual(['moving', 'none']);
});

test('a limit is told as whose it is; theirs where their connection is not good, and not of one’s own tile', () => {
  const of = (limited_by: string | null, self: boolean, rating = 'fair') =>
    limitOf({ callroom: 'quality', limited_by, rating }, self);
  const told = [of('network', false), of('network', true), of('sender', false), of('sender', true), of('room', false)];
  expect(told).toEqual(['your network', 'your network', 'their side', undefined, undefined]);
  const untold = [of(null, false), limitOf(undefined, true), of('sender', false, 'excellent')];
  expect(untold).toEqual([undefined, undefined, undefined]);
  expect(of('network', false, 'excellent')).toBe('your network');
});
