// What can be done with a job: cancel, try again, forget, another priority. Not here: which jobs are shown.

import { useState } from "preact/hooks";
import { cancelJob, deleteJob, retryJob, setPriority } from "../api/calls";
import { ended, type Job } from "../api/types";
import { announce } from "./announce";
import { nameOf } from "./title";

interface Props {
  job: Job;
  changed(job: Job): void;
  /** Offered only where given. */
  deleted?: () => void;
}

const LEVELS: [number, string][] = [
  [95, "Breaking"],
  [75, "Urgent"],
  [50, "Normal"],
  [10, "Low"],
];

/** The usual levels, and the job's own where it is none of them. */
function levels(priority: number): [number, string][] {
  const known = LEVELS.some(([level]) => level === priority);
  const all: [number, string][] = known ? LEVELS : [...LEVELS, [priority, "Priority"]];
  return all.sort(([a], [b]) => b - a);
}

export function PrioritySelect({ value, name, choose, disabled = false }: {
  value: number;
  name: string;
  choose(priority: number): void;
  disabled?: boolean;
}) {
  return (
    <label class="priority">
      <span class="unseen">{name}</span>
      <select value={value} disabled={disabled} onChange={(event) => choose(Number(event.currentTarget.value))}>
        {levels(value).map(([level, words]) => (
          <option key={level} value={level}>
            {words} {level}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Actions({ job, changed, deleted }: Props) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const name = nameOf(job);
  const act = async (work: () => Promise<Job | void>, words: string) => {
    setBusy(true);
    setError(undefined);
    try {
      const now = await work();
      if (now) changed(now);
      else deleted?.();
      announce(`${name}: ${words}`);
    } catch (failed) {
      setError((failed as Error).message);
    }
    setBusy(false);
  };
  const button = (label: string, work: () => Promise<Job | void>, words: string, tone = "") => (
    <button type="button" class={tone} disabled={busy} aria-label={`${label}: ${name}`} onClick={() => void act(work, words)}>
      {label}
    </button>
  );
  const over = ended(job);
  return (
    <div class="actions">
      {over ? null : (
        <PrioritySelect
          value={job.spec.priority ?? 50}
          name={`Priority of ${name}`}
          disabled={busy}
          choose={(level) => void act(() => setPriority(job.id, level), `has priority ${level}`)}
        />
      )}
      {over ? null : button("Cancel", () => cancelJob(job.id), "is cancelled")}
      {job.state === "failed" || job.state === "cancelled" ? button("Retry", () => retryJob(job.id), "waits again") : null}
      {over && deleted ? button("Delete", () => deleteJob(job.id), "is deleted", "danger") : null}
      {error ? (
        <p class="field-error" role="alert">
          {error}
        </p>
      ) : null}
    </div>
  );
}
