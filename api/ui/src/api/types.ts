// The shapes of the interface, by the names of docs/openapi.json; `npm run types` writes the schema from it. Not here: asking.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Job = Schemas["JobView"];
export type Hit = Schemas["SearchHit"];
export type JobPage = Schemas["JobPage"];
export type JobState = Schemas["JobState"];
export type Output = Schemas["OutputView"];
export type Device = Schemas["DeviceView"];
export type Resources = Schemas["Resources"];
export type Profile = Schemas["ProfileView"];
export type Queue = Schemas["QueueView"];
export type Config = Schemas["ConfigView"];
export type Receiver = Schemas["EndpointView"];
export type Warning = Schemas["Warning"];
export type Problem = Schemas["Problem"];

/** Where a clip comes from: an address, or an upload that is complete. */
export type Input = { url: string } | { upload: string };

/** What is asked for with a new job; everything else has the daemon's defaults. */
export interface NewJob {
  input: Input;
  title?: string;
  profile?: string;
  priority?: number;
}

export const STATES: readonly JobState[] = ["queued", "running", "completed", "failed", "cancelled"];

/** Whether nothing more happens to a job by itself. */
export function ended(job: Job): boolean {
  return job.state !== "queued" && job.state !== "running";
}
