// A job's name in whatever script it is. Not here: anything else about it.

import type { Job } from "../api/types";
import { fileName } from "../format";

/** Its title, or its file's name, or its id. */
export function nameOf(job: Job): string {
  const input = job.spec.input as { url?: string };
  return job.spec.title?.trim() || (input.url ? fileName(input.url) : job.id);
}

/** The direction of writing is the text's own. */
export function Title({ job }: { job: Job }) {
  return <bdi dir="auto">{nameOf(job)}</bdi>;
}
