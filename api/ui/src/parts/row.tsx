// A job in the queue's list. Not here: the list (pages/queue.tsx).

import { ended, type Job } from "../api/types";
import { ago, duration, fileName } from "../format";
import { jobLink } from "../route";
import { Actions } from "./actions";
import { Poster } from "./poster";
import { JobProgress } from "./progress";
import { State } from "./state";
import { nameOf, Title } from "./title";

/** What else there is to know of it, in one line. */
function about(job: Job, now: number): string[] {
  const { spec } = job;
  const input = spec.input as { url?: string };
  const parts = [spec.profile ?? "web"];
  if (spec.tenant && spec.tenant !== "default") parts.push(spec.tenant);
  if (spec.external_id) parts.push(spec.external_id);
  if (spec.title && input.url) parts.push(fileName(input.url));
  parts.push(ago(job.created_at, now));
  if (job.state === "completed" && job.started_at && job.ended_at) {
    parts.push(`took ${duration((Date.parse(job.ended_at) - Date.parse(job.started_at)) / 1000)}`);
  }
  return parts;
}

export function Row({ job, now, changed }: { job: Job; now: number; changed(job: Job): void }) {
  const warnings = job.warnings.length;
  return (
    <li class="row">
      <Poster id={job.id} there={job.playback_path !== undefined} />
      <div class="row-what">
        <a class="row-title" href={jobLink(job.id)}>
          <Title job={job} />
        </a>
        <p class="row-about">
          {about(job, now).map((part) => (
            <bdi key={part} dir="auto">
              {part}
            </bdi>
          ))}
        </p>
        {job.failure ? <p class="row-failure">{job.failure.message}</p> : null}
      </div>
      <div class="row-state">
        <State job={job} />
        {warnings > 0 ? <span class="state is-warning">{warnings === 1 ? "1 warning" : `${warnings} warnings`}</span> : null}
      </div>
      <div class="row-progress">{ended(job) && job.state !== "failed" ? null : <JobProgress job={job} name={nameOf(job)} />}</div>
      <Actions job={job} changed={changed} />
    </li>
  );
}
