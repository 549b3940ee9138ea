// Every request the console makes, one line each. Not here: how it is sent (client.ts), uploads (upload/) or events (live/).

import { ask, askText } from "./client";
import type { Config, Device, Job, JobPage, JobState, NewJob, Output, Profile, Queue, Receiver } from "./types";

const job = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;

export interface Wanted {
  state?: JobState | undefined;
  cursor?: string | undefined;
  limit?: number;
}

export function listJobs({ state, cursor, limit = 50 }: Wanted, signal?: AbortSignal): Promise<JobPage> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (state) query.set("state", state);
  if (cursor) query.set("cursor", cursor);
  return ask("GET", `/v1/jobs?${query}`, signal ? { signal } : {});
}

export const getJob = (id: string) => ask<Job>("GET", job(id));
export const listOutputs = (id: string) => ask<Output[]>("GET", `${job(id)}/outputs`);
export const cancelJob = (id: string) => ask<Job>("POST", `${job(id)}/cancel`);
export const retryJob = (id: string) => ask<Job>("POST", `${job(id)}/retry`);
export const deleteJob = (id: string) => ask<void>("DELETE", job(id));
export const setPriority = (id: string, priority: number) => ask<Job>("PATCH", job(id), { body: { priority } });

/** `file` is one of the job's thumbnails, such as `thumbs/0003.jpg`. */
export const choosePoster = (id: string, file: string) =>
  ask<Job>("POST", `${job(id)}/poster`, { body: { thumbnail: file.replace(/\D/g, "") } });

/** `once` makes it safe to send again: the same job is answered. */
export const submitJob = (body: NewJob, once: string) =>
  ask<Job>("POST", "/v1/jobs", { body, headers: { "idempotency-key": once } });

export const getQueue = () => ask<Queue>("GET", "/v1/queue");
export const listDevices = () => ask<Device[]>("GET", "/v1/devices");
export const listProfiles = () => ask<Profile[]>("GET", "/v1/profiles");
export const getConfig = () => ask<Config>("GET", "/v1/config");
export const getMetrics = (signal?: AbortSignal) => askText("/metrics", signal);
export const listReceivers = () => ask<Receiver[]>("GET", "/v1/webhooks");
export const replay = (endpoint: string) =>
  ask<{ replayed: number }>("POST", `/v1/webhooks/replay?endpoint=${encodeURIComponent(endpoint)}`);

export const signIn = (key: string) =>
  ask<void>("POST", "/v1/auth/cookie", { headers: { authorization: `Bearer ${key}` } });
export const signOut = () => ask<void>("DELETE", "/v1/auth/cookie");

/** Where a file of a job is. */
export const mediaPath = (id: string, file: string) => `/media/${encodeURIComponent(id)}/${file}`;
