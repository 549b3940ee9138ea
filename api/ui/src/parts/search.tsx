// Finds jobs by their titles, where the daemon can search. Not here: the list of all jobs.

import { useEffect, useState } from "preact/hooks";
import { hasSearch, search } from "../api/search";
import type { Job } from "../api/types";
import { jobLink } from "../route";
import { State } from "./state";
import { Title } from "./title";

const SETTLE_MS = 250;

export function Search() {
  const [there, setThere] = useState(false);
  const [text, setText] = useState("");
  const [found, setFound] = useState<Job[]>();
  const [error, setError] = useState<string>();
  useEffect(() => void hasSearch().then(setThere), []);
  useEffect(() => {
    setError(undefined);
    if (text.trim() === "") return setFound(undefined);
    const stop = new AbortController();
    const timer = setTimeout(() => {
      search(text.trim(), stop.signal).then(setFound, (failed: Error) => {
        if (!stop.signal.aborted) setError(failed.message);
      });
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  if (!there) return null;
  return (
    <search class="search">
      <label>
        <span class="unseen">Search titles</span>
        <input type="search" dir="auto" placeholder="Search titles" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      {error ? (
        <p class="field-error" role="alert">
          {error}
        </p>
      ) : null}
      {found ? (
        <ul class="found" aria-label="Found">
          {found.length === 0 ? <li class="hint">Nothing was found.</li> : null}
          {found.map((job) => (
            <li key={job.id}>
              <a href={jobLink(job.id)}>
                <Title job={job} />
              </a>{" "}
              <State job={job} />
            </li>
          ))}
        </ul>
      ) : null}
    </search>
  );
}
