// One job as it is now: its state, its rungs and what has happened to it. Not here: showing it (pages/job.tsx).

import { useCallback, useEffect, useState } from "preact/hooks";
import { getJob, listOutputs } from "../api/calls";
import type { ApiError } from "../api/client";
import type { Job, Output } from "../api/types";
import { listen } from "./listen";
import { reduce, type Told } from "./reduce";

export interface LiveJob {
  job: Job | undefined;
  outputs: Output[];
  /** What was logged, oldest first. */
  events: Told[];
  error: ApiError | undefined;
  replace(job: Job): void;
}

/** The rungs are asked for at most this often while they grow. */
const OUTPUTS_MS = 1000;

export function useJob(id: string): LiveJob {
  const [job, setJob] = useState<Job>();
  const [outputs, setOutputs] = useState<Output[]>([]);
  const [events, setEvents] = useState<Told[]>([]);
  const [error, setError] = useState<ApiError>();

  const load = useCallback(async () => {
    try {
      setJob(await getJob(id));
      setOutputs(await listOutputs(id));
      setError(undefined);
    } catch (failed) {
      setError(failed as ApiError);
    }
  }, [id]);

  useEffect(() => {
    setJob(undefined);
    setOutputs([]);
    setEvents([]);
    void load();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let whole = false;
    const soon = (all: boolean) => {
      whole ||= all;
      timer ??= setTimeout(() => {
        timer = undefined;
        void (whole ? load() : listOutputs(id).then(setOutputs, () => {}));
        whole = false;
      }, OUTPUTS_MS);
    };
    const heard = (event: Told) => {
      if (event.type === "job.progress") {
        setJob((now) => now && reduce(now, event));
        return soon(false);
      }
      // The log is read from its beginning: what a job was before is not what it is.
      setEvents((all) => (all.some((one) => one.id !== undefined && one.id === event.id) ? all : [...all, event]));
      soon(true);
    };
    const close = listen(`/v1/jobs/${id}/events`, { heard, opened: () => {} });
    return () => {
      clearTimeout(timer);
      close();
    };
  }, [id, load]);

  return { job, outputs, events, error, replace: setJob };
}

/** The pictures that a job has, by its events: the poster, the thumbnails in their order, and the names of further sizes. */
export function pictures(events: Told[]): { poster: boolean; thumbnails: string[]; sizes: string[] } {
  const paths = events.filter((event) => event.type === "thumbnails.ready").flatMap((event) => event.data.paths as string[]);
  const thumbnails = [...new Set(paths)].filter((path) => /^thumbs\/[0-9]+\.jpg$/.test(path)).sort();
  const named = paths.map((path) => /^thumbs\/([a-z0-9-]+)\//.exec(path)?.[1]);
  const sizes = [...new Set(named)].filter((name) => name !== undefined);
  return { poster: paths.includes("poster.jpg"), thumbnails, sizes };
}
