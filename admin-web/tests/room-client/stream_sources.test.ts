import { expect, test } from 'vitest';
import { withSources } from '../../src/room-client/stream_sources';

test('of several videos of a participant the first offered is the camera, whichever m-line it came on', () => {
  const streams = withSources([
    { mid: '7', kind: 'video', id: 'p', source: '2' },
    { mid: '8', kind: 'video', id: 'p', source: '1' },
    { mid: '9', kind: 'audio', id: 'p', source: '0' },
  ]);
  const read = Object.fromEntries(streams.map(({ mid, source }) => [mid, source]));
  expect(read).toEqual({ '7': 'screen', '8': 'camera', '9': 'microphone' });
});

test('what the room names is taken as it is', () => {
  const [stream] = withSources([{ mid: '1', kind: 'video', id: 'p', source: 'screen' }]);
  expect(stream?.source).toBe('screen');
});
