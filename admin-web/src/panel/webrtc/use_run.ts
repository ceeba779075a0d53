import { useEffect, useRef, useState } from 'preact/hooks';
import type { TestCase, TestResult } from './model';
import { runTests } from './runner';

export interface Run {
  results: TestResult[];
  running: boolean;
  /** What kept the tests from being started. */
  problem: string | undefined;
  start(): void;
  cancel(): void;
}

export type MakePlan = (signal: AbortSignal) => Promise<{ cases: TestCase[]; close(): Promise<void> }>;

/** One run of tests at a time; leaving the view cancels it. */
export function useRun(makePlan: MakePlan): Run {
  const [results, setResults] = useState<TestResult[]>([]);
  const [running, setRunning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const abort = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => abort.current?.abort(), []);

  const run = async () => {
    const controller = new AbortController();
    abort.current = controller;
    const { signal } = controller;
    setRunning(true);
    setProblem(undefined);
    setResults([]);
    let plan: Awaited<ReturnType<MakePlan>> | undefined;
    try {
      plan = await makePlan(signal);
      await runTests(plan.cases, signal, setResults);
    } catch (error) {
      if (!signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      await plan?.close();
      setRunning(false);
    }
  };
  return {
    results,
    running,
    problem,
    start: () => !running && void run(),
    cancel: () => abort.current?.abort(),
  };
}
