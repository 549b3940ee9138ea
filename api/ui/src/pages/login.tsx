// Asks for a key and swaps it for a cookie. Not here: when it is asked (session.ts).

import { useState } from "preact/hooks";
import { enter } from "../session";

export function LoginPage() {
  const [key, setKey] = useState("");
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await enter(key.trim());
    } catch (failed) {
      setError((failed as Error).message);
    }
    setBusy(false);
  };
  return (
    <form class="card login" onSubmit={(event) => void submit(event)}>
      <h1>Sign in</h1>
      <p>This daemon asks for a key. Whoever runs it makes one:</p>
      <p>
        <code>newsreel key new --name console --scope read,submit</code>
      </p>
      <label class="field">
        <span>Key</span>
        <input
          type="password"
          name="key"
          required
          autoComplete="current-password"
          spellcheck={false}
          placeholder="nr_…"
          value={key}
          aria-describedby={error ? "login-error" : undefined}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
      {error ? (
        <p id="login-error" class="field-error" role="alert">
          {error}
        </p>
      ) : null}
      <button type="submit" class="main" disabled={busy}>
        Sign in
      </button>
      <p class="hint">The key is swapped for a cookie that no script can read, and kept nowhere.</p>
    </form>
  );
}
