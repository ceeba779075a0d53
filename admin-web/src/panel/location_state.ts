// Where the panel is, as the address says it: #/tab/view/id?range=24h&provider=janus. Pure; there is never a secret in it.

export type Tab = 'quality' | 'webrtc' | 'features';
export const kTabs: readonly Tab[] = ['webrtc', 'quality', 'features'];

export interface Place {
  tab: Tab;
  /** Parts after the tab: a view, and what it is about. */
  path: readonly string[];
  /** Filters and the like, in the order given. */
  query: Readonly<Record<string, string>>;
}

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [tab, ...rest] = path.split('/').filter(Boolean).map(decode);
  return {
    tab: kTabs.find((known) => known === tab) ?? 'quality',
    path: rest,
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function formatPlace({ tab, path, query }: Place): string {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const text = new URLSearchParams(given).toString();
  const address = ['#', tab, ...path.map(encodeURIComponent)].join('/');
  return text ? `${address}?${text}` : address;
}

/** The same place with some of the query changed; undefined or empty takes a part out. */
export function withQuery(place: Place, changes: Readonly<Record<string, string | undefined>>): Place {
  const query = { ...place.query };
  for (const [key, value] of Object.entries(changes)) {
    if (value) query[key] = value;
    else delete query[key];
  }
  return { ...place, query };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
