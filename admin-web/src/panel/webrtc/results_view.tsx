import { useState } from 'preact/hooks';
import { Severity } from '../severity';
import type { TestResult } from './model';
import { recommendations } from './recommendations';
import { makeReport } from './report';
import { ResultRow } from './result_row';
import { progress } from './runner';
import { overallScore } from './score';
import type { Run } from './use_run';

export interface ResultsViewProps {
  run: Run;
  groups: Record<string, string>;
  /** What is said before the first run. */
  introduction: string;
  fileName: string;
}

/** A run of tests: how to start and stop it, how far it is, its score, what to do, and every test's result. */
export function ResultsView({ run, groups, introduction, fileName }: ResultsViewProps) {
  const { results, running, problem } = run;
  const done = !running && results.length > 0;
  return (
    <section class="view" data-run={running ? 'running' : done ? 'done' : 'idle'}>
      <div class="view-head">
        {running ? (
          <button type="button" class="button" onClick={run.cancel}>
            Cancel
          </button>
        ) : (
          <button type="button" class="button primary" onClick={run.start}>
            {done ? 'Run again' : 'Run all tests'}
          </button>
        )}
        {running && <Progress results={results} />}
        {done && <Save results={results} fileName={fileName} />}
      </div>
      {problem && (
        <div class="notice error" role="alert">
          <p>The tests could not be started: {problem}</p>
        </div>
      )}
      {results.length === 0 && !running && <p class="state">{introduction}</p>}
      {results.length > 0 && <Verdict results={results} running={running} />}
      {Object.entries(groups).map(([group, title]) => (
        <Group key={group} title={title} results={results.filter((result) => result.group === group)} />
      ))}
    </section>
  );
}

function Progress({ results }: { results: readonly TestResult[] }) {
  const now = results.find(({ status }) => status === 'running');
  const percent = progress(results);
  return (
    <div class="run-progress">
      <progress value={percent} max={100} aria-label="Tests" />
      <span role="status">
        {percent} %{now && ` · ${now.title}`}
      </span>
    </div>
  );
}

function Verdict({ results, running }: { results: TestResult[]; running: boolean }) {
  const score = overallScore(results);
  const findings = recommendations(results);
  const count = (wanted: string) => results.filter(({ status }) => status === wanted).length;
  return (
    <div class="run-verdict">
      <div class="card run-score" data-score={score ?? ''}>
        <span class="muted">{running ? 'Score so far' : 'Score'}</span>
        <strong>{score ?? '–'}</strong>
        <span class="muted">
          {count('pass')} passed, {count('warn')} with warnings, {count('fail')} failed, {count('skipped')} skipped
        </span>
      </div>
      <div class="card">
        <h2>What to do</h2>
        {findings.length === 0 ? (
          <p class="muted">
            {running
              ? 'Nothing so far.'
              : count('fail') > 0
                ? 'See the tests that failed.'
                : 'Nothing: all that was tested works.'}
          </p>
        ) : (
          <ol class="findings">
            {findings.map(({ severity, code, about, text }) => (
              <li key={`${code}${about}${text}`} data-severity={severity} data-code={code} data-about={about}>
                <Severity severity={severity} />
                <span>
                  {about && <strong>{about}: </strong>}
                  {text}
                </span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </div>
  );
}

function Group({ title, results }: { title: string; results: TestResult[] }) {
  if (results.length === 0) return null;
  return (
    <section class="test-group">
      <h2>{title}</h2>
      <ul class="tests">
        {results.map((result) => (
          <ResultRow key={result.id} result={result} />
        ))}
      </ul>
    </section>
  );
}

function Save({ results, fileName }: { results: TestResult[]; fileName: string }) {
  const [copied, setCopied] = useState(false);
  const text = () => JSON.stringify(makeReport(results, navigator.userAgent, new Date()), null, 2);
  const copy = async () => {
    await navigator.clipboard.writeText(text());
    setCopied(true);
  };
  const download = () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text()], { type: 'application/json' }));
    link.download = fileName;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return (
    <div class="export">
      <button type="button" class="button small" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
      <button type="button" class="button small" onClick={download}>
        Download
      </button>
    </div>
  );
}
