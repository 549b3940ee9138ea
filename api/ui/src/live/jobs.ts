// A page of jobs that stays true while they are worked on. Not here: showing it (pages/queue.tsx).

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { getJob, listJobs } from "../api/calls";
import { ApiError } from "../api/client";
import type { Job, JobState } from "../api/types";
import { listen } from "./listen";
import { reduce, type Told } from "./reduce";

export interface JobList {
  jobs: Job[] | undefined;
  error: ApiError | undefined;
  next: string | undefined;
  more(): void;
  replace(job: Job): void;
  reload(): void;
}

/** Events come in bursts; the daemon is asked once for each. */
const SETTLE_MS = 400;

export function useJobs(state: JobState | undefined): JobList {
  const [jobs, setJobs] = useState<Job[]>();
  const [next, setNext] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const shown = useRef<Job[]>([]);
  shown.current = jobs ?? [];

  const load = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const page = await listJobs({ state }, signal);
        setJobs(page.jobs);
        setNext(page.next_cursor);
        setError(undefined);
      } catch (failed) {
        if (!signal?.aborted) setError(failed as ApiError);
      }
    },
    [state],
  );
  const replace = useCallback((job: Job) => {
    setJobs((all) => all?.map((one) => (one.id === job.id ? job : one)));
  }, []);

  useEffect(() => {
    const stop = new AbortController();
    const due = new Map<string, ReturnType<typeof setTimeout>>();
    setJobs(undefined);
    void load(stop.signal);
    const later = (key: string, work: () => void) => {
      clearTimeout(due.get(key));
      due.set(key, setTimeout(work, SETTLE_MS));
    };
    const heard = (event: Told) => {
      const id = event.job_id;
      if (event.type === "log.gap") return void load(stop.signal);
      if (!id) return;
      setJobs((all) => all?.map((one) => (one.id === id ? reduce(one, event) : one)));
      if (event.type === "job.progress") return;
      // A job that is new, or whose state a filter looks at: the page itself is another.
      if (event.type === "job.queued" || state !== undefined) later("page", () => void load(stop.signal));
      else if (shown.current.some((one) => one.id === id)) later(id, () => void getJob(id).then(replace, () => {}));
    };
    let first = true;
    const close = listen("/v1/events", {
      heard,
      opened: () => {
        if (!first) void load(stop.signal);
        first = false;
      },
    });
    return () => {
      stop.abort();
      close();
      due.forEach(clearTimeout);
    };
  }, [load, replace, state]);

  const more = async () => {
    try {
      const page = await listJobs({ state, cursor: next });
      setJobs((all) => [...(all ?? []), ...page.jobs]);
      setNext(page.next_cursor);
    } catch (failed) {
      setError(failed as ApiError);
    }
  };
  return { jobs, error, next, more: () => void more(), replace, reload: () => void load() };
}
