import { expect, test } from 'vitest';
import type { Timeline } from '../../src/panel/quality/answers';
import { marksOf, together } from '../../src/panel/quality/timeline_marks';

const timelineOf = (events: Timeline['events']) =>
  ({ points: [], events, sample_interval_ms: 3000, samples_per_point: 1 }) as Timeline;

test('what happened is told in words, with its cause', () => {
  const marks = marksOf(
    timelineOf([
      { what: 'issue_began', sample: 1, detail: 'high_loss' },
      { what: 'adaptation', sample: 2, detail: 'queue' },
      { what: 'quality_change', sample: 2, detail: 'video_paused', cause: 'loss' },
      { what: 'quality_change', sample: 3, detail: 'layers_raised' },
      { what: 'quality_change', sample: 4, detail: 'frame_rate' },
      { what: 'adaptation', sample: 5, detail: 'ended' },
      { what: 'drop', sample: 6, detail: null },
    ] as Timeline['events']),
    100,
  );
  expect(marks.map(({ letter, at, label }) => `${letter} ${at} ${label}`)).toEqual([
    'A 103 High packet loss',
    'B 106 The network limits (queue)',
    'C 106 No room for a picture (loss)',
    'D 109 Larger pictures or more frames',
    'E 112 Quality change: frame rate',
    'F 115 The network limits no more',
    'G 118 Drop',
  ]);
});

test('what happened at the same time is one mark in a chart', () => {
  const events = ['adaptation', 'drop', 'recovery'].map((what, i) => ({ what, sample: i < 2 ? 1 : 2, detail: null }));
  const marks = together(marksOf(timelineOf(events as Timeline['events']), 0));
  expect(marks.map(({ letter, label, colour }) => [letter, label, colour])).toEqual([
    ['AB', 'Adaptation; Drop', '--failed'],
    ['C', 'Recovery', '--excellent'],
  ]);
});
