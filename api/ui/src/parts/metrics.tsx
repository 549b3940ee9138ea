// A few of the daemon's counts, for keys that may see them all. Not here: reading the format (live/metrics.ts).

import { useEffect, useState } from "preact/hooks";
import { getMetrics } from "../api/calls";
import { bytes, count, duration } from "../format";
import { read, total, type Measured } from "../live/metrics";

const EVERY_MS = 5000;

const SHOWN: [string, string, (value: number) => string][] = [
  ["newsreel_disk_free_bytes", "Free on the disk", bytes],
  ["newsreel_workers", "Workers", count],
  ["newsreel_jobs_ended_total", "Jobs ended since the start", count],
  ["newsreel_frames_total", "Frames made since the start", count],
  ["newsreel_published_bytes_total", "Published since the start", bytes],
  ["newsreel_session_failures_total", "Failed sessions", count],
  ["newsreel_preemptions_total", "Places given to more urgent jobs", count],
  ["newsreel_webhook_lag_seconds", "Receivers behind by", duration],
];

export function Metrics() {
  const [all, setAll] = useState<Measured[]>();
  useEffect(() => {
    const stop = new AbortController();
    // Refused to a key of one tenant: then there is nothing to show.
    const look = () => void getMetrics(stop.signal).then((text) => setAll(read(text)), () => {});
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, []);
  if (!all) return null;
  const shown = SHOWN.flatMap(([metric, name, say]) => {
    const value = total(all, metric);
    return value === undefined ? [] : [[name, say(value)] as const];
  });
  return (
    <section class="card" aria-label="Counted">
      <h2>Counted</h2>
      <dl class="facts">
        {shown.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="figures">{value}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        All of it, for Prometheus: <a href="/metrics">/metrics</a>
      </p>
    </section>
  );
}
