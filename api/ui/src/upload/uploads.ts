// Sends clips by the tus protocol and submits each as a job once it is there. Not here: the list of them (parts/uploads.tsx).

import { signal } from "@preact/signals";
import { Upload } from "tus-js-client";
import { submitJob } from "../api/calls";
import { fileName } from "../format";
import { all, forget, keep, type Kept } from "./kept";

export type Phase = "sending" | "paused" | "file_wanted" | "submitting" | "failed";

export interface Shown extends Kept {
  phase: Phase;
  sent: number;
  error?: string;
}

const ENDPOINT = "/v1/uploads";
const PIECE_BYTES = 8 * 2 ** 20;
const RETRY_MS = [0, 1000, 3000, 10_000, 30_000];

export const uploads = signal<Shown[]>([]);
/** Whether the daemon takes uploads at all; undefined until it was asked. */
export const taken = signal<boolean | undefined>(undefined);
/** The job that was made last. */
export const submitted = signal<string | undefined>(undefined);

const running = new Map<string, Upload>();

function change(id: string, some: Partial<Shown>): void {
  uploads.value = uploads.value.map((one) => (one.id === id ? { ...one, ...some } : one));
}

/** Asks whether there is a door for uploads, and goes on with what a reload broke off. */
export async function begin(): Promise<void> {
  const answer = await fetch(ENDPOINT, { method: "OPTIONS" }).catch(() => undefined);
  taken.value = answer?.headers.has("tus-resumable") ?? false;
  if (!taken.value || uploads.value.length > 0) return;
  const kept = await all().catch(() => []);
  uploads.value = kept.map((one) => ({ ...one, sent: 0, phase: one.file ? "sending" : "file_wanted" }));
  for (const one of kept) if (one.file) send(one);
}

/** Takes a file. One that was broken off, by name, size and time, goes on. */
export function add(file: File, wishes: { profile: string; priority: number }): void {
  const same = (one: Shown) => one.name === file.name && one.size === file.size && one.modified === file.lastModified;
  const known = uploads.value.find((one) => same(one) && one.phase === "file_wanted");
  if (known) return go(known.id, file);
  const upload: Kept = {
    id: crypto.randomUUID?.() ?? String(Math.random()).slice(2),
    name: file.name,
    size: file.size,
    modified: file.lastModified,
    title: fileName(file.name).replace(/\.[A-Za-z0-9]{1,5}$/, ""),
    ...wishes,
    file,
  };
  uploads.value = [...uploads.value, { ...upload, phase: "sending", sent: 0 }];
  void keep(upload).finally(() => send(upload));
}

/** Goes on with one that was paused, failed or lost its file. */
export function go(id: string, file?: File): void {
  const one = uploads.value.find((upload) => upload.id === id);
  if (!one) return;
  const { error: _error, phase: _phase, sent: _sent, ...kept } = one;
  const upload: Kept = file ? { ...kept, file } : kept;
  if (!upload.file) return change(id, { phase: "file_wanted" });
  uploads.value = uploads.value.map((old) => (old.id === id ? { ...upload, phase: "sending", sent: one.sent } : old));
  send(upload);
}

export function pause(id: string): void {
  void running.get(id)?.abort();
  change(id, { phase: "paused" });
}

/** Forgets one, here and at the daemon. */
export function drop(id: string): void {
  void running.get(id)?.abort(true).catch(() => {});
  running.delete(id);
  void forget(id);
  uploads.value = uploads.value.filter((one) => one.id !== id);
}

function send(kept: Kept): void {
  const { id, file } = kept;
  if (!file) return;
  const upload = new Upload(file, {
    endpoint: ENDPOINT,
    uploadUrl: kept.url ?? null,
    chunkSize: PIECE_BYTES,
    retryDelays: RETRY_MS,
    metadata: { filename: file.name, filetype: file.type },
    storeFingerprintForResuming: false,
    onUploadUrlAvailable: () => {
      if (!upload.url) return;
      kept = { ...kept, url: upload.url };
      change(id, { url: upload.url });
      void keep(kept);
    },
    onProgress: (sent) => change(id, { sent }),
    onSuccess: () => void submit({ ...kept, ...(upload.url ? { url: upload.url } : {}) }),
    onError: (error) => change(id, { phase: "failed", error: plain(error) }),
  });
  running.set(id, upload);
  upload.start();
}

/** tus-js-client puts the whole exchange into its messages. */
function plain(error: Error): string {
  const status = /response code: (\d+)/.exec(error.message)?.[1];
  if (status === "413") return "The daemon takes no file of this size.";
  if (status === "507") return "The daemon has no room for it.";
  if (status === "401" || status === "403") return "The key does not allow uploads.";
  return status ? `The daemon answered ${status}.` : "The connection was lost.";
}

async function submit(upload: Kept): Promise<void> {
  const { id, title, profile, priority } = upload;
  change(id, { phase: "submitting", sent: upload.size });
  const name = new URL(upload.url ?? "", location.href).pathname.split("/").pop() ?? "";
  try {
    // The upload's own id makes it one job, however often a reload asks for it.
    const job = await submitJob({ input: { upload: name }, title, profile, priority }, `console-${id}`);
    submitted.value = job.id;
    await forget(id).catch(() => {});
    uploads.value = uploads.value.filter((one) => one.id !== id);
  } catch (error) {
    change(id, { phase: "failed", error: (error as Error).message });
  }
  running.delete(id);
}
