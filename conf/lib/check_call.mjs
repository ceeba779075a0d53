// The call of `conf/quickstart --check`: two browsers meet in a room, see and hear each other, and leave; then prints what
// the database has of it.   node check_call.mjs STACK-FOLDER
import { leaveCall, joinCall, launchBrowser, mediaFlows } from '../../tests/support/browser.mjs';
import { attachStack } from '../../tests/support/stack.mjs';

const room = 'quickstart-check';
const stack = await attachStack(process.argv[2]);
const browser = await launchBrowser();
try {
  const pages = [];
  for (const name of ['Ada', 'Grace']) pages.push(await joinCall(browser, stack, { room, name }));
  for (const [index, page] of pages.entries()) {
    const { framesDecoded, videoWidth, videoHeight } = await mediaFlows(page, { frames: 50 });
    console.log(`  page ${index + 1}: ${framesDecoded} frames decoded, ${videoWidth}x${videoHeight}, and sound`);
  }
  await Promise.all(pages.map((page) => mediaFlows(page, { samples: 22 * 48_000, timeoutMs: 90_000 }))); // long enough for a rating
  await Promise.all(pages.map(leaveCall));
  const rows = await stack.sessionRows(room, 2);
  console.log('\nRows in Postgres:');
  for (const row of rows) print(row);
  if (rows.length !== 2 || rows.some((row) => row.end_reason !== 'left' || row.quality_score === null)) {
    throw new Error('two rows of people who left, with a score, were expected');
  }
} finally {
  await browser.close();
  await stack.detach();
}

/** The fields that a row has, several to a line. */
function print(row) {
  const words = Object.entries(row)
    .filter(([name, value]) => value !== null && name !== 'timeline')
    .map(([name, value]) => `${name}=${plain(value)}`);
  let line = ' ';
  for (const word of words) {
    if (line.length + word.length > 118) {
      console.log(line);
      line = '   ';
    }
    line += ` ${word}`;
  }
  console.log(`${line}\n`);
}

function plain(value) {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
