// Finds jobs by their words. Not here: the list of all jobs.

import { useEffect, useState } from "preact/hooks";
import { search } from "../api/search";
import type { Hit } from "../api/types";
import { place } from "../format";
import { jobLink } from "../route";
import { State } from "./state";
import { nameOf, Title } from "./title";

const SETTLE_MS = 250;

/** Text as it is, with what was found in it marked. */
function Words({ all }: { all: Hit["snippet"] }) {
  return <>{all.map((part) => (part.found ? <mark>{part.text}</mark> : part.text))}</>;
}

export function Search() {
  const [text, setText] = useState("");
  const [found, setFound] = useState<Hit[]>();
  const [error, setError] = useState<string>();
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
  return (
    <search class="search">
      <label>
        <span class="unseen">Search jobs</span>
        <input type="search" dir="auto" placeholder="Search jobs" maxLength={200} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      {error ? (
        <p class="field-error" role="alert">
          {error}
        </p>
      ) : null}
      {found ? (
        <ul class="found" aria-label="Found">
          {found.length === 0 ? <li class="hint">Nothing was found.</li> : null}
          {found.map(({ job, snippet, said }) => (
            <li key={job.id}>
              <a href={jobLink(job.id)}>
                <Title job={job} />
              </a>{" "}
              <State job={job} />
              {JSON.stringify(snippet) === JSON.stringify(said[0]?.text) ? null : (
                <p class="hint" dir="auto">
                  <Words all={snippet} />
                </p>
              )}
              {said.map(({ track, at_s, text }) => (
                <p class="hint" dir="auto" key={`${track} ${at_s}`}>
                  <a href={jobLink(job.id, at_s)} aria-label={`Play ${nameOf(job)} at ${place(at_s)}`}>
                    {place(at_s)}
                  </a>{" "}
                  <Words all={text} />
                </p>
              ))}
            </li>
          ))}
        </ul>
      ) : null}
    </search>
  );
}
