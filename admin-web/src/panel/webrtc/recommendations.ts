import type { Finding, Severity, TestResult } from './model';

const kOrder: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

/** All findings, most important first, each once; those of the network before those of one device. */
export function recommendations(results: readonly TestResult[]): Finding[] {
  const all = results.flatMap((result) => result.findings ?? []);
  const seen = new Set<string>();
  const each = all.filter((finding) => {
    const key = `${finding.code}|${finding.about ?? ''}|${finding.text}`;
    return !seen.has(key) && seen.add(key);
  });
  return each
    .map((finding, index) => ({ finding, index }))
    .sort((a, b) => kOrder[a.finding.severity] - kOrder[b.finding.severity] || a.index - b.index)
    .map(({ finding }) => finding);
}
