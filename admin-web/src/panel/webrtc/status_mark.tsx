import type { Status } from './model';

const kMarks: Record<Status, { sign: string; word: string }> = {
  waiting: { sign: '·', word: 'waiting' },
  running: { sign: '…', word: 'running' },
  pass: { sign: '✓', word: 'pass' },
  warn: { sign: '!', word: 'warning' },
  fail: { sign: '✗', word: 'fail' },
  skipped: { sign: '–', word: 'skipped' },
};

/** A status by sign, colour and word. */
export function StatusMark({ status }: { status: Status }) {
  const { sign, word } = kMarks[status] ?? kMarks.skipped;
  return (
    <span class="mark" data-mark={status}>
      <span aria-hidden="true">{sign}</span>
      <span class="visually-hidden">{word}</span>
    </span>
  );
}
