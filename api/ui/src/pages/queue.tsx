// The queue: clips handed in, jobs under way, jobs that ended. Not here: a single job (job.tsx).

import { useState } from "preact/hooks";
import { STATES, type JobState } from "../api/types";
import { count } from "../format";
import { useJobs } from "../live/jobs";
import { queue } from "../live/samples";
import { useNow } from "../parts/clock";
import { Failure, Notice } from "../parts/notice";
import { Row } from "../parts/row";
import { Search } from "../parts/search";
import { NAMES } from "../parts/state";
import { SubmitForm, useProfiles } from "../parts/submit";
import { Uploads } from "../parts/uploads";

function Filter({ value, choose }: { value: JobState | undefined; choose(state: JobState | undefined): void }) {
  const all: [JobState | undefined, string][] = [[undefined, "All"], ...STATES.map((state): [JobState, string] => [state, NAMES[state]])];
  return (
    <fieldset class="filter">
      <legend class="unseen">Show jobs</legend>
      {all.map(([state, name]) => (
        <label key={name}>
          <input type="radio" name="state" class="unseen" checked={value === state} onChange={() => choose(state)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Counts() {
  const now = queue.value;
  if (!now) return null;
  return (
    <p class="counts">
      <strong>{count(now.running)}</strong> running · <strong>{count(now.queued)}</strong> of {count(now.queued_limit)} waiting
    </p>
  );
}

function List({ state }: { state: JobState | undefined }) {
  const { jobs, error, next, more, replace, reload } = useJobs(state);
  const now = useNow();
  if (!jobs) return error ? <Failure error={error} again={reload} /> : <Notice kind="loading" title="Loading jobs…" />;
  return (
    <>
      {error ? <Failure error={error} again={reload} /> : null}
      {jobs.length === 0 ? (
        <Notice kind="empty" title={state ? `No job is ${NAMES[state].toLowerCase()}` : "No jobs yet"}>
          {state ? null : "Drop a clip above, hand in a path, or use newsreel submit."}
        </Notice>
      ) : (
        <ul class="rows" aria-label="Jobs">
          {jobs.map((job) => (
            <Row key={job.id} job={job} now={now} changed={replace} />
          ))}
        </ul>
      )}
      {next ? (
        <button type="button" class="more" onClick={more}>
          Show older jobs
        </button>
      ) : null}
    </>
  );
}

export function QueuePage() {
  const [state, setState] = useState<JobState>();
  const profiles = useProfiles();
  return (
    <>
      <div class="page-head">
        <h1>Queue</h1>
        <Counts />
      </div>
      <section class="hand-in" aria-label="Hand in">
        <Uploads profiles={profiles} />
        <details>
          <summary>Hand in by path</summary>
          <SubmitForm profiles={profiles} done={() => setState(undefined)} />
        </details>
      </section>
      <section aria-label="Jobs">
        <div class="tools">
          <Filter value={state} choose={setState} />
          <Search />
        </div>
        <List key={state ?? "all"} state={state} />
      </section>
    </>
  );
}
