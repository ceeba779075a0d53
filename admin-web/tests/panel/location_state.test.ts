import { expect, test } from 'vitest';
import { formatPlace, parsePlace, withQuery } from '../../src/panel/location_state';
import { filterParameters, rangeOf } from '../../src/panel/quality/filters';

test('a place survives its address, whatever is in it', () => {
  const place = { tab: 'quality' as const, path: ['session', 'a/b ?&#'], query: { room: 'x&y=1', user_id: 'ü %' } };
  const back = parsePlace(formatPlace(place));
  expect(back).toEqual(place);
});

test('an address that is none leads to the quality tab', () => {
  const places = ['', '#', '#/nowhere', '#/%E0%A4%A'].map((hash) => parsePlace(hash).tab);
  expect(places).toEqual(['quality', 'quality', 'quality', 'quality']);
});

test('an empty value leaves the address', () => {
  const place = withQuery(parsePlace('#/quality/sessions?room=a&range=7d'), { room: '' });
  expect(formatPlace(place)).toBe('#/quality/sessions?range=7d');
});

test('a custom range counts only where it is one', () => {
  const ranges = [
    '#/quality?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z',
    '#/quality?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z&range=7d',
    '#/quality?from=yesterday&range=99d',
  ].map((hash) => rangeOf(parsePlace(hash)));
  expect(ranges).toEqual([
    { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' },
    { name: '7d' },
    { name: '24h' },
  ]);
});

test('filters go into a request, and nothing else of the address does', () => {
  const parameters = filterParameters(parsePlace('#/quality?range=30d&provider=p2p&room=a&secret=x&order=worst'));
  expect(parameters).toEqual({ range: '30d', provider: 'p2p', room: 'a' });
});
