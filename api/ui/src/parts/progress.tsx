// How far a job or a part of it is. Not here: counting it.

import type { Job } from "../api/types";
import { duration, percent, speed } from "../format";

export function Bar({ share, label, tone = "" }: { share: number; label: string; tone?: string }) {
  return <progress class={`bar-of ${tone}`} max={1} value={share} aria-label={label} />;
}

/** Bar, share, speed and what is left, as far as they are known. */
export function JobProgress({ job, name }: { job: Job; name: string }) {
  const parts = [percent(job.progress)];
  if (job.state === "running" && job.speed > 0) parts.push(speed(job.speed));
  if (job.state === "running" && job.eta_s !== undefined) parts.push(`${duration(job.eta_s)} left`);
  return (
    <div class="progress">
      <Bar share={job.progress} label={`Progress of ${name}`} tone={`is-${job.state}`} />
      <span class="figures">{parts.join(" · ")}</span>
    </div>
  );
}
