import type { Source } from './protocol';

// What an m-line shows travels in the description itself, as a=content (RFC 4796): "slides" is a shared screen, or its sound.

/** Adds a=content to the m-lines whose mid is in `sources`. */
export function withContent(sdp: string, sources: ReadonlyMap<string, Source>): string {
  const sections = sdp.split(/(?=^m=)/m);
  return sections
    .map((section) => {
      const content = contentOf(sources.get(midOf(section) ?? ''));
      return content ? `${section.replace(/\r?\n$/, '')}\r\na=content:${content}\r\n` : section;
    })
    .join('');
}

/** What each m-line of the other side shows, by mid. */
export function sourcesOf(sdp: string): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const section of sdp.split(/(?=^m=)/m)) {
    const mid = midOf(section);
    const kind = /^m=(audio|video)/.exec(section)?.[1];
    if (mid === undefined || kind === undefined) continue;
    const slides = /^a=content:.*\bslides\b/m.test(section);
    sources.set(mid, kind === 'video' ? (slides ? 'screen' : 'camera') : slides ? 'screen_audio' : 'microphone');
  }
  return sources;
}

const midOf = (section: string) => /^a=mid:(\S+)/m.exec(section)?.[1];
const contentOf = (source: Source | undefined) =>
  source === 'screen' || source === 'screen_audio' ? 'slides' : undefined;
