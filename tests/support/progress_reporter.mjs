// A line for each test as it ends; what failed, and why, is the spec reporter's to say.
export default async function* progress(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.nesting > 1 || data.details?.type === 'suite') continue;
    const outcome = data.skip !== undefined ? 'skipped' : type === 'test:pass' ? 'ok' : 'FAILED';
    yield `  ${outcome.padEnd(8)}${'  '.repeat(data.nesting)}${data.name} (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`;
  }
}
