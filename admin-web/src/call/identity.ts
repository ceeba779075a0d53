// Who this tab is. A reload of the page takes its own place in the room again; another tab is another person.

export interface Identity {
  room: string;
  name: string;
  userId: string;
  pin?: string;
  /** The right to take one's own place in the room again. */
  receiveToken?: string;
}

const kKey = 'callroom.call';

/** A user id that an administrator can read: the name, as far as it is plain, and four random characters. */
export function makeUserId(name: string, random: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${plain || 'guest'}-${random.slice(0, 4)}`;
}

/** The call that this tab was in when its page was reloaded, if so. */
export function interruptedCall(): Identity | undefined {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const stored = sessionStorage.getItem(kKey);
  if (navigation?.type !== 'reload' || !stored) return undefined;
  return JSON.parse(stored) as Identity;
}

export function rememberCall(identity: Identity): void {
  sessionStorage.setItem(kKey, JSON.stringify(identity));
}

export function forgetCall(): void {
  sessionStorage.removeItem(kKey);
}
