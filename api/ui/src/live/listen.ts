// One stream of server-sent events, taken up again where it broke off. Not here: what events mean (reduce.ts).

import { signal } from "@preact/signals";
import type { Told } from "./reduce";

/** Whether events arrive at the moment; `off` while nobody listens. */
export const line = signal<"off" | "open" | "lost">("off");

const TYPES = [
  "job.queued", "job.started", "job.progress", "thumbnails.ready", "output.playable", "output.completed", "output.delivered", "job.preempted",
  "job.fell_back", "job.warning", "job.completed", "job.failed", "job.cancelled", "device.quarantined", "device.restored", "log.gap",
];

const AGAIN_MS = 3000;

interface Ears {
  heard(event: Told): void;
  /** The stream is open, again after a break: what is not logged may have been missed. */
  opened(): void;
}

/** Listens until the function it gives is called. A page that nobody sees does not hold a connection. */
export function listen(path: string, ears: Ears): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: string | undefined;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    source = new EventSource(last === undefined ? path : `${path}?after=${last}`);
    source.onopen = () => {
      line.value = "open";
      ears.opened();
    };
    source.onerror = () => {
      line.value = "lost";
      // The browser comes again by itself unless it was refused.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS);
    };
    for (const type of TYPES) source.addEventListener(type, (event) => take(event as MessageEvent<string>));
  };
  const take = (event: MessageEvent<string>) => {
    if (event.lastEventId) last = event.lastEventId;
    ears.heard(JSON.parse(event.data) as Told);
  };
  const seen = () => (document.hidden ? close() : open());

  document.addEventListener("visibilitychange", seen);
  open();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
    line.value = "off";
  };
}
