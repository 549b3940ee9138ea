// Where a job stands, as a word in its colour. Not here: how far it is (progress.tsx).

import type { Job, JobState } from "../api/types";

export const NAMES: Record<JobState, string> = {
  queued: "Waiting",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

const PHASES: Record<string, string> = { probing: "Reading", encoding: "Encoding", packaging: "Packaging", delivering: "Delivering" };

export function State({ job }: { job: Job }) {
  const phase = job.state === "running" && job.phase ? PHASES[job.phase] : undefined;
  return <span class={`state is-${job.state}`}>{phase ?? NAMES[job.state]}</span>;
}
