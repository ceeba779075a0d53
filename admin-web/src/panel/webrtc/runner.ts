import { isOver, type Outcome, type TestCase, type TestResult } from './model';

export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/**
 * Runs the tests one after the other, so that none disturbs the next one's times. Each change is told; a test that throws has
 * failed, and the run goes on. After a cancellation what is left is skipped.
 */
export async function runTests(
  cases: readonly TestCase[],
  signal: AbortSignal,
  changed: (results: TestResult[]) => void,
): Promise<TestResult[]> {
  const results: TestResult[] = cases.map(({ id, group, title }) => ({
    id,
    group,
    title,
    status: 'waiting',
    summary: '',
  }));
  const put = (index: number, part: Partial<TestResult>) => {
    results[index] = { ...(results[index] as TestResult), ...part };
    changed([...results]);
  };
  changed([...results]);
  for (const [index, test] of cases.entries()) {
    if (signal.aborted) {
      put(index, { status: 'skipped', summary: 'Cancelled.' });
      continue;
    }
    const began = performance.now();
    put(index, { status: 'running', summary: '' });
    const outcome = await settle(test, signal, (summary) => put(index, { summary }));
    put(index, { ...outcome, duration_ms: performance.now() - began });
  }
  return results;
}

async function settle(test: TestCase, signal: AbortSignal, say: (doing: string) => void): Promise<Outcome> {
  try {
    return await test.run(say, signal);
  } catch (error) {
    if (signal.aborted) return { status: 'skipped', summary: 'Cancelled.' };
    const summary = error instanceof Error ? error.message : String(error);
    const text = `The test could not be brought to its end: ${summary}`;
    return {
      status: 'fail',
      summary,
      findings: [{ severity: 'critical', code: 'test_failed', about: test.title, text }],
    };
  }
}

export function progress(results: readonly TestResult[]): number {
  if (results.length === 0) return 0;
  return Math.round((100 * results.filter(isOver).length) / results.length);
}

/** Resolves after so many ms; rejects as soon as the run is cancelled. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal.removeEventListener('abort', stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(new Cancelled('Cancelled.'));
    }
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** What `promise` comes to, or undefined when the time is over; rejects when the run is cancelled. */
export async function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | undefined> {
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  try {
    return await Promise.race([promise, pause(ms, ended).then(() => undefined)]);
  } finally {
    promise.catch(() => undefined);
    stop.abort();
  }
}
