import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { AdminError, type Parameters } from './admin_api';
import { usePanel } from './context';

export interface Requested<Answer> {
  /** The newest answer; while another one is awaited, the one before. */
  answer: Answer | undefined;
  error: AdminError | undefined;
  loading: boolean;
  again(): void;
}

/** Asks the plugin, and again when the parameters change, or every so many ms. What is no longer wanted is aborted. */
export function useRequest<Answer>(name: string, parameters: Parameters = {}, everyMs?: number): Requested<Answer> {
  const { api } = usePanel();
  const [round, setRound] = useState(0);
  const [state, setState] = useState<Pick<Requested<Answer>, 'answer' | 'error' | 'loading'>>({
    answer: undefined,
    error: undefined,
    loading: true,
  });
  const asked = useRef('');
  const key = JSON.stringify([name, parameters]);
  // In the drawing that asks, the state is still that of the question before.
  const isNew = asked.current !== key;

  // Before the page is drawn: the answer comes a frame earlier.
  useLayoutEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const [request, given] = JSON.parse(key) as [string, Parameters];
        const answer = await api.request<Answer>(request, given, abort.signal);
        if (!abort.signal.aborted) setState({ answer, error: undefined, loading: false });
      } catch (error) {
        if (abort.signal.aborted) return;
        const known = error instanceof AdminError ? error : new AdminError('network', 0, String(error));
        setState((before) => ({ ...before, error: known, loading: false }));
      }
      if (everyMs !== undefined && !abort.signal.aborted) timer = setTimeout(ask, everyMs);
    };
    const sameKind = asked.current.startsWith(`["${name}"`);
    asked.current = key;
    setState((before) => ({ answer: sameKind ? before.answer : undefined, error: undefined, loading: true }));
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [api, key, name, everyMs, round]);

  return { ...state, loading: state.loading || isNew, again: () => setRound((n) => n + 1) };
}
