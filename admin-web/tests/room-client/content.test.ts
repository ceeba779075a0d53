import { expect, test } from 'vitest';
import { sourcesOf, withContent } from '../../src/room-client/content';
import type { Source } from '../../src/room-client/protocol';

const sdp = [
  'v=0',
  's=-',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:1',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=mid:2',
  '',
].join('\r\n');

test('a shared screen is told from a camera by a=content, and nothing else changes', () => {
  const sources = new Map<string, Source>([
    ['0', 'microphone'],
    ['1', 'camera'],
    ['2', 'screen'],
  ]);
  const marked = withContent(sdp, sources);
  const read = Object.fromEntries(sourcesOf(marked));
  expect(marked.replace('a=content:slides\r\n', '')).toBe(sdp);
  expect(read).toEqual({ '0': 'microphone', '1': 'camera', '2': 'screen' });
});

test('without marks everything is camera and microphone', () => {
  const read = Object.fromEntries(sourcesOf(sdp));
  expect(read).toEqual({ '0': 'microphone', '1': 'camera', '2': 'camera' });
});
