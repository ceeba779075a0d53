import type { Mark } from '../charts/chart';
import { words } from '../format';
import type { Timeline, TimelineEvent } from './answers';
import { issueWords } from './issue_words';

const kColours: Record<string, string> = {
  drop: '--failed',
  recovery: '--excellent',
  issue_began: '--poor',
  issue_ended: '--unrated',
};

/** What the network had done to the pictures that were received. */
const kChanges: Record<string, string> = {
  layers_lowered: 'Smaller pictures or fewer frames',
  layers_raised: 'Larger pictures or more frames',
  video_paused: 'No room for a picture',
  video_resumed: 'A picture is shown again',
};

/** What happened in a session, in words, each with a letter; `start`: when the session began, in seconds. */
export function marksOf({ events, sample_interval_ms }: Timeline, start: number): Mark[] {
  return events.map((event, i) => markOf(event, letterOf(i), start + (event.sample * sample_interval_ms) / 1000));
}

function markOf({ what, detail, cause }: TimelineEvent, letter: string, at: number): Mark {
  const about = typeof detail === 'string' ? detail : undefined;
  const because = cause ? ` (${words(cause)})` : '';
  const label =
    what === 'issue_began' && about
      ? issueWords(about).title
      : what === 'issue_ended' && about
        ? `${issueWords(about).title} over`
        : what === 'adaptation' && about
          ? about === 'ended'
            ? 'The network limits no more'
            : `The network limits (${words(about)})`
          : (kChanges[about ?? ''] ?? [capitalised(words(what)), about && words(about)].filter(Boolean).join(': ')) +
            because;
  return { at, label, letter, colour: kColours[what] ?? '--muted' };
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** What happened at the same time is one mark in a chart, with all their letters. */
export function together(marks: readonly Mark[]): Mark[] {
  const joined: Mark[] = [];
  for (const mark of marks) {
    const last = joined.at(-1);
    if (last?.at !== mark.at) {
      joined.push(mark);
      continue;
    }
    const colour = last.colour === '--muted' ? mark.colour : last.colour;
    joined[joined.length - 1] = {
      ...last,
      letter: last.letter + mark.letter,
      label: `${last.label}; ${mark.label}`,
      colour,
    };
  }
  return joined;
}

/** A to Z, then a to z. */
const letterOf = (i: number) => String.fromCharCode((i < 26 ? 65 : 71) + (i % 52));
