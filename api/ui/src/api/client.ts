// Asks the daemon, and turns what it refuses into words. Not here: which requests there are (calls.ts).

import type { Problem } from "./types";

/** Why there is no good answer. `status` is 0 when nothing answered at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Called whenever the daemon asks for a key. */
let asked: () => void = () => {};
export function onKeyAsked(tell: () => void): void {
  asked = tell;
}

interface Asking {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

async function send(method: string, path: string, { body, headers, signal }: Asking): Promise<Response> {
  const init: RequestInit = { method, headers: { ...headers } };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...headers, "content-type": "application/json" };
  }
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "offline", "The daemon does not answer. It is tried again by itself.");
  }
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => undefined)) as Problem | undefined;
  if (answer.status === 401) asked();
  throw new ApiError(answer.status, problem?.code ?? "unknown", problem?.detail ?? `The daemon answered ${answer.status}.`);
}

/** The answer's JSON, or undefined where there is none. */
export async function ask<T>(method: string, path: string, asking: Asking = {}): Promise<T> {
  const answer = await send(method, path, asking);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** The answer as text. */
export async function askText(path: string, signal?: AbortSignal): Promise<string> {
  return (await send("GET", path, signal ? { signal } : {})).text();
}
