// How busy devices and queue were, looked at every few seconds while the console is open. Not here: drawing it (parts/spark.tsx).

import { signal } from "@preact/signals";
import { getQueue, listDevices } from "../api/calls";
import { ApiError } from "../api/client";
import type { Device, Queue } from "../api/types";
import { busiest } from "./capacity";

export interface Sample {
  at: number;
  queued: number;
  running: number;
  /** The share of each device that is in use, 0–1. */
  used: Record<string, number>;
}

export const EVERY_MS = 2000;
/** Ten minutes. */
const KEPT = 300;

export const samples = signal<Sample[]>([]);
export const devices = signal<Device[] | undefined>(undefined);
export const queue = signal<Queue | undefined>(undefined);
export const trouble = signal<ApiError | undefined>(undefined);

async function sample(): Promise<void> {
  try {
    const [now, all] = await Promise.all([getQueue(), listDevices()]);
    queue.value = now;
    devices.value = all;
    trouble.value = undefined;
    const used = Object.fromEntries(all.map((device) => [device.id, busiest(device)?.share ?? 0]));
    const next = { at: Date.now(), queued: now.queued, running: now.running, used };
    samples.value = [...samples.value, next].slice(-KEPT);
  } catch (error) {
    trouble.value = error as ApiError;
  }
}

/** Looks on until the function it gives is called. */
export function watch(): () => void {
  const look = () => {
    if (!document.hidden) void sample();
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return () => clearInterval(timer);
}
