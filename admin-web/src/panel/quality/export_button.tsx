import { useRef, useState } from 'preact/hooks';
import { usePanel } from '../context';
import { count } from '../format';
import type { ExportAnswer, SummaryAnswer } from './answers';
import { filterParameters } from './filters';

type Format = 'csv' | 'json';

interface Progress {
  rows: number;
  total?: number | undefined;
}

const kTypes: Record<Format, string> = { csv: 'text/csv;charset=utf-8', json: 'application/json' };

/** Saves what is filtered as a file, page by page, with its progress and a way to stop. */
export function ExportButton() {
  const { api, place } = usePanel();
  const [progress, setProgress] = useState<Progress>();
  const [problem, setProblem] = useState<string>();
  const abort = useRef<AbortController | undefined>(undefined);

  const run = async (format: Format) => {
    abort.current = new AbortController();
    const { signal } = abort.current;
    const filters = { ...filterParameters(place), issue: place.query.issue };
    const pieces: string[] = [];
    let cursor: string | undefined;
    let rows = 0;
    setProblem(undefined);
    setProgress({ rows });
    try {
      // An issue is no filter of the summary: how many sessions have it is not known beforehand.
      const { current } = filters.issue
        ? { current: undefined }
        : await api.request<SummaryAnswer>('summary', filters, signal);
      do {
        const page: ExportAnswer = await api.request('export', { ...filters, format, cursor, limit: 2000 }, signal);
        pieces.push(page.data);
        rows += page.rows;
        setProgress({ rows, total: current?.sessions });
        cursor = page.next ?? undefined;
      } while (cursor !== undefined && !signal.aborted);
      if (!signal.aborted) save(new Blob(pieces, { type: kTypes[format] }), `callroom-sessions.${format}`);
    } catch (error) {
      if (!signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
    }
    setProgress(undefined);
  };

  if (progress !== undefined) {
    return (
      <div class="export" data-export="running">
        <progress aria-label="Export" {...(progress.total ? { max: progress.total, value: progress.rows } : {})} />
        <span role="status">
          {count(progress.rows)}
          {progress.total !== undefined && ` of ${count(progress.total)}`} sessions
        </span>
        <button type="button" class="button small" onClick={() => abort.current?.abort()}>
          Cancel
        </button>
      </div>
    );
  }
  return (
    <div class="export">
      {problem && (
        <span class="notice error" role="alert">
          {problem}
        </span>
      )}
      <span class="muted">Export</span>
      <button type="button" class="button small" data-export="csv" onClick={() => void run('csv')}>
        CSV
      </button>
      <button type="button" class="button small" data-export="json" onClick={() => void run('json')}>
        JSON
      </button>
    </div>
  );
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
