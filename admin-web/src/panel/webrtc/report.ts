import { type Finding, isOver, type TestResult } from './model';
import { recommendations } from './recommendations';
import { overallScore } from './score';

export interface Report {
  made_at: string;
  browser: string;
  score: number | null;
  recommendations: Finding[];
  tests: TestResult[];
}

/** What is copied and saved. Results hold no credentials by construction; user and page are not in it either. */
export function makeReport(results: readonly TestResult[], browser: string, now: Date): Report {
  return {
    made_at: now.toISOString(),
    browser,
    score: overallScore(results) ?? null,
    recommendations: recommendations(results),
    tests: results.filter(isOver),
  };
}
