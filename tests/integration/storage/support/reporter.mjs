// A line for each test, the reason where one failed, and "N passed, M failed" at the end. Lines that a test prints with
// "# " in front are passed on.
export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message.split('\n').filter((line) => line.startsWith('# ')).map((line) => `${line}\n`).join('');
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    if (data.skip !== undefined) {
      yield `skipped - ${data.name} (${data.skip})\n`;
    } else if (type === 'test:pass') {
      passed += 1;
      yield `ok ${passed + failed} - ${data.name} (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`;
    } else {
      failed += 1;
      const error = data.details.error?.cause ?? data.details.error;
      yield `not ok ${passed + failed} - ${data.name}\n${String(error?.stack ?? error).replace(/^/gm, '    ')}\n`;
    }
  }
  yield `${passed} passed, ${failed} failed\n`;
}
