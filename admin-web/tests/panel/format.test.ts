import { expect, test } from 'vitest';
import { bitrate, change, count, duration, kDash, milliseconds, number, percent, time } from '../../src/panel/format';

test('what is not known is a dash, never 0', () => {
  const texts = [
    number(null),
    percent(undefined),
    milliseconds(Number.NaN),
    bitrate(null),
    duration(null),
    count(null),
    time(null),
    time('soon'),
  ];
  expect(texts).toEqual(Array(8).fill(kDash));
});

test('figures carry their unit', () => {
  const texts = [
    percent(2.345),
    milliseconds(3.21),
    milliseconds(187.6),
    bitrate(512),
    bitrate(1840),
    count(12_345),
    count(10_000_000),
  ];
  expect(texts.map((text) => text.replace(/\u00a0/g, ' '))).toEqual([
    '2.3 %',
    '3.2 ms',
    '188 ms',
    '512 kbit/s',
    '1.84 Mbit/s',
    '12.3 k',
    '10 M',
  ]);
});

test('durations read as clocks', () => {
  const texts = [duration(0), duration(42.4), duration(725), duration(3 * 3600 + 127)];
  expect(texts).toEqual(['0:00', '0:42', '12:05', '3:02:07']);
});

test('a change has its sign, and none where a side is unknown', () => {
  const texts = [change(80, 78.5), change(1, 2.25), change(5, 5.01), change(null, 3)];
  expect(texts).toEqual(['+1.5', '−1.3', '±0', '']);
});
