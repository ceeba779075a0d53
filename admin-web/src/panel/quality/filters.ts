import type { Parameters } from '../admin_api';
import type { Place } from '../location_state';
import { kRatings } from './rows';

// What the address says of range and filters, and what that is in a request. Pure.

export const kRanges = ['24h', '7d', '30d'] as const;
export type RangeName = (typeof kRanges)[number];

export type Range = { name: RangeName } | { from: string; to: string };

export const kFilterNames = ['provider', 'room', 'user_id', 'rating', 'node'] as const;
export type FilterName = (typeof kFilterNames)[number];

export const kFilterTitles: Record<FilterName, string> = {
  provider: 'Provider',
  room: 'Room',
  user_id: 'User',
  rating: 'Rating',
  node: 'Node',
};

export const kFilterChoices: Partial<Record<FilterName, readonly string[]>> = {
  provider: ['janus', 'p2p'],
  rating: kRatings,
};

export function rangeOf({ query }: Place): Range {
  const from = instant(query.from);
  const to = instant(query.to);
  if (from && to && from < to) return { from, to };
  return { name: kRanges.find((name) => name === query.range) ?? '24h' };
}

/** The part of a request that the range makes up. */
export function rangeParameters(place: Place): Record<string, string> {
  const range = rangeOf(place);
  return 'name' in range ? { range: range.name } : { ...range };
}

/** The part of a request that the filters make up. */
export function filtersOf(place: Place): Parameters {
  return Object.fromEntries(kFilterNames.flatMap((name) => (place.query[name] ? [[name, place.query[name]]] : [])));
}

/** The part of a request that range and filters make up. */
export function filterParameters(place: Place): Parameters {
  return { ...rangeParameters(place), ...filtersOf(place) };
}

/** The query that carries over from one view to another. */
export function sharedQuery({ query }: Place): Record<string, string> {
  const kept = ['range', 'from', 'to', ...kFilterNames].flatMap((name) => {
    const value = query[name];
    return value ? [[name, value] as const] : [];
  });
  return Object.fromEntries(kept);
}

/** RFC 3339 in UTC, of anything that is a time. */
function instant(text: string | undefined): string | undefined {
  const date = new Date(text || Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
