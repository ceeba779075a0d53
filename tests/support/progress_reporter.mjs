// A line for each test as it ends, and under one that failed, in a few short lines, why and where; the rest is the spec
// reporter's to say.
import { basename } from 'node:path';

const kMostLines = 6;
const kLineLength = 150;

export default async function* progress(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const failed = type === 'test:fail';
    if (data.nesting > 1 || data.details?.type === 'suite') continue;
    const outcome = data.skip !== undefined ? 'skipped' : failed ? 'FAILED' : 'ok';
    yield `  ${outcome.padEnd(8)}${'  '.repeat(data.nesting)}${data.name} (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`;
    if (failed) yield reasonOf(data).map((line) => `    | ${line}\n`).join('');
  }
}

function reasonOf({ details: { error }, file }) {
  const cause = innermost(error);
  const text = String(cause?.message ?? cause).split('\n').filter((line) => line.trim() !== '');
  const isDiff = text.some((line) => line.startsWith('+ actual - expected'));
  const told = isDiff ? [text[0], ...text.slice(2).filter((line) => /^[+-]/.test(line))] : text;
  const short = told.flatMap((line) => line.match(new RegExp(`.{1,${kLineLength}}`, 'gu')) ?? []);
  const place = placeOf(cause?.stack, file);
  return [...short.slice(0, kMostLines), ...(short.length > kMostLines ? ['…'] : []), ...(place ? [place] : [])];
}

/** node:test wraps what was thrown, and that may have a cause of its own. */
function innermost(error) {
  let cause = error;
  while (cause?.cause !== undefined) cause = cause.cause;
  return cause;
}

/** The line of the test's file that it went through last. */
function placeOf(stack, file) {
  const lines = String(stack ?? '').split('\n').filter((line) => file !== undefined && line.includes(file));
  const at = /:(\d+):\d+\)?$/.exec(lines[0] ?? '');
  return at ? `at ${basename(file)}:${at[1]}` : undefined;
}
