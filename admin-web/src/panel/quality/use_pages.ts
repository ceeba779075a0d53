import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { AdminError, type Parameters } from '../admin_api';
import { usePanel } from '../context';

interface Page<Row> {
  rows: Row[];
  next: string | undefined;
  error: AdminError | undefined;
  loading: boolean;
}

/** A list that grows page by page from a keyset cursor. `read` takes rows and cursor out of an answer. */
export function usePages<Answer, Row>(
  name: string,
  parameters: Parameters,
  read: (answer: Answer) => { rows: Row[]; next: string | null | undefined },
) {
  const { api } = usePanel();
  const [page, setPage] = useState<Page<Row>>({ rows: [], next: undefined, error: undefined, loading: true });
  const key = JSON.stringify(parameters);
  const reader = useRef(read);
  reader.current = read;
  const abort = useRef(new AbortController());
  const asked = useRef('');
  // In the drawing that asks, the rows are still those of the question before.
  const loading = page.loading || asked.current !== key;

  const load = useCallback(
    async (cursor: string | undefined) => {
      const { signal } = abort.current;
      setPage((before) => ({ ...before, loading: true, error: undefined }));
      try {
        const given = { ...(JSON.parse(key) as Parameters), cursor };
        const { rows, next } = reader.current(await api.request<Answer>(name, given, signal));
        if (signal.aborted) return;
        setPage((before) => ({
          rows: cursor === undefined ? rows : [...before.rows, ...rows],
          next: next ?? undefined,
          error: undefined,
          loading: false,
        }));
      } catch (error) {
        if (signal.aborted) return;
        const known = error instanceof AdminError ? error : new AdminError('network', 0, String(error));
        setPage((before) => ({ ...before, error: known, loading: false }));
      }
    },
    [api, name, key],
  );

  useLayoutEffect(() => {
    abort.current = new AbortController();
    asked.current = key;
    void load(undefined);
    return () => abort.current.abort();
  }, [load, key]);

  return {
    ...page,
    loading,
    more: () => !loading && page.next !== undefined && void load(page.next),
    again: () => void load(page.rows.length > 0 ? page.next : undefined),
  };
}
