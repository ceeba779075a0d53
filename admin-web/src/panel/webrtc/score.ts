import { isOver, type TestResult } from './model';

// What a failing test costs the people who call: without a relay or a server nobody is heard; a missing camera is one person's.
const kWeights: Record<string, number> = { browser: 3, stun: 2, turn: 4, devices: 2, network: 4 };

/** 0 to 100 over what could be judged: a pass counts whole, a warning six tenths. Undefined where nothing could. */
export function overallScore(results: readonly TestResult[]): number | undefined {
  let most = 0;
  let reached = 0;
  for (const result of results) {
    if (!isOver(result) || result.status === 'skipped') continue;
    const weight = kWeights[result.group] ?? 1;
    most += weight;
    if (result.status === 'pass') reached += weight;
    if (result.status === 'warn') reached += 0.6 * weight;
  }
  return most === 0 ? undefined : Math.round((100 * reached) / most);
}
