// What an event changes of a job as it is shown. Pure; what it does not say is asked for again. Not here: hearing of events (listen.ts).

import type { Job } from "../api/types";

/** An event as a stream gives it: the envelope of docs/cms.md. What is not logged has no id. */
export interface Told {
  id?: number;
  type: string;
  created_at: string;
  job_id?: string;
  data: Record<string, unknown>;
}

const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function progressed(job: Job, data: Told["data"]): Job {
  const next: Job = {
    ...job,
    state: "running",
    progress: number(data.progress) ?? job.progress,
    frames_done: number(data.frames_done) ?? job.frames_done,
    frames_total: number(data.frames_total) ?? job.frames_total,
    speed: number(data.speed) ?? 0,
  };
  const eta = number(data.eta_s);
  if (eta === undefined) delete next.eta_s;
  else next.eta_s = eta;
  return next;
}

function ended(job: Job, state: Job["state"], at: string): Job {
  const { eta_s: _eta, phase: _phase, ...rest } = job;
  return { ...rest, state, speed: 0, ended_at: at };
}

/** The job after the event; the same object where nothing changes. */
export function reduce(job: Job, event: Told): Job {
  const { type, created_at: at, data } = event;
  const over = job.state !== "queued" && job.state !== "running";
  switch (type) {
    case "job.queued": {
      const { failure: _failure, ended_at: _ended, ...rest } = job;
      return { ...rest, state: "queued" };
    }
    case "job.completed":
      return { ...ended(job, "completed", at), progress: 1 };
    case "job.failed":
      return { ...ended(job, "failed", at), failure: { code: text(data.code), message: text(data.message) } };
    case "job.cancelled":
      return ended(job, "cancelled", at);
    case "job.warning": {
      const warning = { code: text(data.code), message: text(data.message) };
      const known = job.warnings.some((one) => one.code === warning.code && one.message === warning.message);
      return known ? job : { ...job, warnings: [...job.warnings, warning] };
    }
  }
  // Progress is not logged: what was under way may arrive after the end.
  if (over) return job;
  switch (type) {
    case "job.started":
      return { ...job, state: "running", started_at: job.started_at ?? at };
    case "job.preempted": {
      const { eta_s: _eta, phase: _phase, ...rest } = job;
      return { ...rest, state: "queued", speed: 0 };
    }
    case "job.progress":
      return progressed(job, data);
    case "output.playable":
      return event.job_id ? { ...job, playback_path: `/media/${event.job_id}/${text(data.playlist) || "master.m3u8"}` } : job;
    default:
      return job;
  }
}

/** The event in a few words, for the list of what happened. */
export function words({ type, data }: Told): string {
  switch (type) {
    case "job.queued":
      return "Waits in the queue";
    case "job.started":
      return number(data.segments_reused) ? `Work began; ${data.segments_reused} segments were there already` : "Work began";
    case "thumbnails.ready":
      return `Pictures are there (${Array.isArray(data.paths) ? data.paths.length : 0})`;
    case "output.playable":
      return "Can be played";
    case "output.completed":
      return "A rung is complete";
    case "output.delivered":
      return `Delivered to ${text(data.destination)}`;
    case "job.preempted":
      return "Gave its place to a more urgent job";
    case "job.fell_back":
      return `Went on elsewhere${data.from && data.to ? `: ${text(data.from)} → ${text(data.to)}` : ""}`;
    case "job.warning":
      return `Warning: ${text(data.message)}`;
    case "job.completed":
      return "Complete; everything was checked";
    case "job.failed":
      return `Failed: ${text(data.message)}`;
    case "job.cancelled":
      return "Cancelled";
    case "log.gap":
      return "Older events are kept no more";
    default:
      return type;
  }
}
