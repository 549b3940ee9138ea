// One job: what can be seen and heard of it, how far it is, what it did and what it warns of. Not here: the parts.

import { ended, type Job } from "../api/types";
import { bytes, duration, moment } from "../format";
import { pictures, useJob } from "../live/job";
import type { Told } from "../live/reduce";
import { Actions } from "../parts/actions";
import { Happened } from "../parts/happened";
import { Failure, Notice } from "../parts/notice";
import { Player } from "../parts/player";
import { JobProgress } from "../parts/progress";
import { Rungs } from "../parts/rungs";
import { State } from "../parts/state";
import { Thumbs } from "../parts/thumbs";
import { nameOf, Title } from "../parts/title";

function facts(job: Job, events: Told[]): [string, string][] {
  const { spec } = job;
  const input = spec.input as { url?: string; upload?: string };
  const spent = events.find((event) => event.type === "job.completed")?.data.spent as
    | { device_s: number; cost: number; currency: string }
    | undefined;
  const took = job.started_at && job.ended_at ? (Date.parse(job.ended_at) - Date.parse(job.started_at)) / 1000 : undefined;
  const all: [string, string | undefined][] = [
    ["Clip", input.url ?? (input.upload && `Upload ${input.upload}`)],
    ["Description", spec.description ?? undefined],
    ["Profile", spec.profile],
    ["External id", spec.external_id ?? undefined],
    ["Tenant", spec.tenant],
    ["Accepted", moment(job.created_at)],
    ["Began", job.started_at && moment(job.started_at)],
    ["Ended", job.ended_at && moment(job.ended_at)],
    ["Took", took === undefined ? undefined : duration(took)],
    ["Devices", spent && `${duration(spent.device_s)}, ${spent.cost.toFixed(2)} ${spent.currency}`],
    ["Written to", job.destination],
    ["Id", job.id],
  ];
  return all.filter((pair): pair is [string, string] => Boolean(pair[1]));
}

function Warnings({ job }: { job: Job }) {
  if (job.warnings.length === 0) return null;
  return (
    <section class="card" aria-label="Warnings">
      <h2>Warnings</h2>
      <ul class="warnings">
        {job.warnings.map((warning) => (
          <li key={warning.code + warning.message}>
            <code>{warning.code}</code> {warning.message}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Screen({ job, events, begun, rungs, at }: { job: Job; events: Told[]; begun: number; rungs: number; at: number | undefined }) {
  if (job.playback_path) {
    return <Player src={job.playback_path} name={nameOf(job)} begun={begun} rungs={rungs} over={ended(job)} at={at} />;
  }
  const { poster } = pictures(events);
  return (
    <div class="screen is-waiting">
      {poster ? <img src={`/media/${job.id}/poster.jpg`} alt="" /> : null}
      <p>{ended(job) ? "Nothing of it can be played." : "It can be played once its first segment is there."}</p>
    </div>
  );
}

export function JobPage({ id, at }: { id: string; at: number | undefined }) {
  const { job, outputs, events, error, replace } = useJob(id);
  if (!job) return error ? <Failure error={error} /> : <Notice kind="loading" title="Loading the job…" />;
  const begun = outputs.filter((output) => output.segments_done > 0).length;
  const size = outputs.reduce((sum, output) => sum + output.bytes, 0);
  return (
    <>
      <div class="page-head">
        <p class="back">
          <a href="#/">← Queue</a>
        </p>
        <h1>
          <Title job={job} />
        </h1>
        <State job={job} />
        <Actions job={job} changed={replace} deleted={() => (location.hash = "#/")} />
      </div>
      {job.failure ? (
        <Notice kind="error" title="The job failed">
          {job.failure.message} <code>{job.failure.code}</code>
        </Notice>
      ) : null}
      <div class="job">
        <div class="job-seen">
          <Screen job={job} events={events} begun={begun} rungs={outputs.length} at={at} />
          <Thumbs id={id} {...pictures(events)} choosable={job.state === "completed"} />
        </div>
        <div class="job-known">
          <section class="card" aria-label="Progress">
            <h2>Progress</h2>
            <JobProgress job={job} name={nameOf(job)} />
            <Rungs outputs={outputs} />
            {size > 0 ? <p class="hint">{bytes(size)} of pictures so far</p> : null}
          </section>
          <Warnings job={job} />
          <section class="card" aria-label="What happened">
            <h2>What happened</h2>
            <Happened events={events} />
          </section>
          <section class="card" aria-label="About this job">
            <h2>About this job</h2>
            <dl class="facts">
              {facts(job, events).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>
                    <bdi dir="auto">{value}</bdi>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        </div>
      </div>
    </>
  );
}
