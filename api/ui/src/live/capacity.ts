// A device's resources in words, and how much of each is in use. Pure. Not here: asking for them (samples.ts).

import type { Device, Resources } from "../api/types";
import { count } from "../format";

export interface Use {
  name: string;
  used: string;
  capacity: string;
  /** 0–1. */
  share: number;
}

type Shown = [keyof Resources, string, (amount: number) => string];

const cores = (milli: number) => (milli / 1000).toFixed(milli % 1000 === 0 ? 0 : 1);
const gib = (mib: number) => `${(mib / 1024).toFixed(1)} GiB`;
const megapixels = (kilo: number) => `${count(Math.round(kilo / 1000))} MP/s`;

const SHOWN: Shown[] = [
  ["cpu_millicores", "Cores", cores],
  ["memory_mib", "Memory", gib],
  ["vram_mib", "Device memory", gib],
  ["decode_kpx_s", "Decoding", megapixels],
  ["scale_kpx_s", "Scaling", megapixels],
  ["encode_kpx_s", "Encoding", megapixels],
  ["encoder_sessions", "Encoder sessions", count],
];

/** The largest values stand for "no limit is known". */
const UNLIMITED = 2 ** 40;

/** What is used of everything the device has. */
export function uses(device: Device): Use[] {
  const has = SHOWN.filter(([key]) => device.capacity[key] > 0 && device.capacity[key] < UNLIMITED);
  return has.map(([key, name, say]) => {
    const [used, capacity] = [device.used[key], device.capacity[key]];
    return { name, used: say(used), capacity: say(capacity), share: Math.min(1, used / capacity) };
  });
}

/** What decides whether anything more fits. */
export function busiest(device: Device): Use | undefined {
  return uses(device).reduce<Use | undefined>((most, use) => (most && most.share >= use.share ? most : use), undefined);
}
