// Searching. Not here: showing what was found (parts/search.tsx).

import { ask } from "./client";
import type { Hit } from "./types";

/** Jobs that have every word, the best match first; the last word may be the beginning of one. */
export async function search(text: string, signal: AbortSignal): Promise<Hit[]> {
  const path = `/v1/search?limit=20&q=${encodeURIComponent(text)}`;
  return (await ask<{ results: Hit[] }>("GET", path, { signal })).results;
}
