import type { TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { AdminApi } from './admin_api';

/** Asks for the admin secret, and tries it before letting anybody in. */
export function SignIn({ onSignedIn, ended }: { onSignedIn: (api: AdminApi) => void; ended: string | undefined }) {
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState(ended);
  const [busy, setBusy] = useState(false);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    const api = new AdminApi(secret);
    try {
      await api.request('health');
      onSignedIn(api);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <h1>Callroom panel</h1>
        <label class="field">
          <span>Admin secret of this Janus</span>
          <input
            name="secret"
            type="password"
            required
            autocomplete="off"
            value={secret}
            onInput={(event) => setSecret(event.currentTarget.value)}
          />
        </label>
        {problem && (
          <p class="notice error" role="alert">
            {problem}
          </p>
        )}
        <button class="button primary" type="submit" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        <p class="muted">It is kept in this page’s memory only, until the page is closed or reloaded.</p>
      </form>
    </main>
  );
}
