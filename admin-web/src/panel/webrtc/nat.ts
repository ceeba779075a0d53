// What kind of NAT is between this browser and the internet, in words. Pure.
import type { CandidateLine } from './model';

export type NatKind = 'none' | 'cone' | 'symmetric' | 'unknown' | 'udp_blocked';

export interface MappedCandidate {
  /** Address and port of the socket behind it, as the browser tells it. */
  base: string;
  address: string;
  port: number;
}

/**
 * `stunWorked`: a STUN server answered over UDP. A mapping that is the same for every server is one that peers can use; one for
 * each server (RFC 4787: address-dependent mapping) is not.
 */
export function natKind(
  mapped: readonly MappedCandidate[],
  hosts: readonly CandidateLine[],
  stunWorked: boolean,
): NatKind {
  if (!stunWorked) return 'udp_blocked';
  if (mapped.length === 0) return hosts.length > 0 ? 'none' : 'unknown';
  const byBase = new Map<string, Set<string>>();
  for (const { base, address, port } of mapped) {
    const seen = byBase.get(base) ?? new Set();
    seen.add(`${address}:${port}`);
    byBase.set(base, seen);
  }
  return [...byBase.values()].some((seen) => seen.size > 1) ? 'symmetric' : 'cone';
}

export const kNatWords: Record<NatKind, { title: string; text: string; relay: string }> = {
  none: {
    title: 'No NAT, or one on this machine only',
    text: 'The address this browser has is the one that the STUN server sees.',
    relay: 'A relay is rarely needed.',
  },
  cone: {
    title: 'NAT with one mapping for everybody',
    text: 'Peers can reach this browser at the address that STUN tells.',
    relay: 'A relay is needed only where the other side is behind a symmetric NAT.',
  },
  symmetric: {
    title: 'Symmetric NAT',
    text: 'The NAT gives each server another port, so that what STUN tells is of no use to peers.',
    relay: 'Direct calls need a relay here, unless the other side can be reached.',
  },
  unknown: {
    title: 'Not known',
    text: 'The browser told too little of its addresses.',
    relay: 'Have a relay configured.',
  },
  udp_blocked: {
    title: 'UDP does not get through',
    text: 'No STUN server answered over UDP.',
    relay: 'Calls from here need a relay over TCP or TLS.',
  },
};
