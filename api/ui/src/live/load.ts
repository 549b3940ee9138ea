// Something that is asked for once and again on demand: there, on its way, or refused. Not here: what changes by itself (jobs.ts).

import { useCallback, useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api/client";

export interface Loaded<T> {
  value: T | undefined;
  error: ApiError | undefined;
  reload(): void;
}

/** `ask` must stay the same function; with `everyMs`, it is asked again that often. */
export function useLoad<T>(ask: () => Promise<T>, everyMs?: number): Loaded<T> {
  const [value, setValue] = useState<T>();
  const [error, setError] = useState<ApiError>();
  const load = useCallback(async () => {
    try {
      setValue(await ask());
      setError(undefined);
    } catch (failed) {
      setError(failed as ApiError);
    }
  }, [ask]);
  useEffect(() => {
    void load();
    if (everyMs === undefined) return;
    const timer = setInterval(() => void load(), everyMs);
    return () => clearInterval(timer);
  }, [load, everyMs]);
  return { value, error, reload: () => void load() };
}
