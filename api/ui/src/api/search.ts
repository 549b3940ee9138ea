// Searching, where the daemon has it: its own document says so. Not here: showing what was found (parts/search.tsx).

import { ask } from "./client";
import type { Job } from "./types";

const PATH = "/v1/search";
let known: Promise<boolean> | undefined;

/** Asked once. */
export function hasSearch(): Promise<boolean> {
  known ??= ask<{ paths: Record<string, unknown> }>("GET", "/openapi.json").then(
    ({ paths }) => PATH in paths,
    () => false,
  );
  return known;
}

/** A hit is a job, or has one beside what else is said of it. */
export async function search(text: string, signal: AbortSignal): Promise<Job[]> {
  const found = await ask<{ jobs?: Job[]; hits?: (Job | { job: Job })[] }>("GET", `${PATH}?q=${encodeURIComponent(text)}`, { signal });
  return found.jobs ?? (found.hits ?? []).map((hit) => ("job" in hit ? hit.job : hit));
}
