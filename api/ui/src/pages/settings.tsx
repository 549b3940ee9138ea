// The configuration in force, and what of its file is not. Not here: changing it; that is done in the file.

import { useState } from "preact/hooks";
import { getConfig } from "../api/calls";
import { moment } from "../format";
import { useLoad } from "../live/load";
import { sections } from "../live/settings";
import { Failure, Notice } from "../parts/notice";

const EVERY_MS = 10_000;

export function SettingsPage() {
  const { value, error, reload } = useLoad(getConfig, EVERY_MS);
  const [text, setText] = useState("");
  const shown = value ? sections(value.in_force, text) : [];
  return (
    <>
      <div class="page-head">
        <h1>Settings</h1>
      </div>
      {error ? <Failure error={error} again={reload} /> : null}
      {!value && !error ? <Notice kind="loading" title="Loading the configuration…" /> : null}
      {value ? (
        <>
          <p class="hint">
            {value.file ? (
              <>
                From <code>{value.file}</code>, in force since {moment(value.since)}. It is read again when it changes.
              </>
            ) : (
              <>All defaults: the daemon was started without a file, on {moment(value.since)}.</>
            )}
          </p>
          {value.refused ? (
            <Notice kind="error" title="The file as it is now was refused; what is in force is from before">
              <pre tabIndex={0}>{value.refused}</pre>
            </Notice>
          ) : null}
          {value.needs_restart.length > 0 ? (
            <Notice kind="empty" title="These count only once the daemon is started again">
              <code>{value.needs_restart.join(", ")}</code>
            </Notice>
          ) : null}
          <div class="tools">
            <label class="search">
              <span class="unseen">Find a setting</span>
              <input type="search" placeholder="Find a setting" value={text} onInput={(event) => setText(event.currentTarget.value)} />
            </label>
          </div>
          {shown.length === 0 ? <Notice kind="empty" title="No setting has that in it" /> : null}
          <div class="cards is-wide">
            {shown.map((section) => (
              <section class="card" key={section.name} aria-label={section.name || "General"}>
                <h2>{section.name || "General"}</h2>
                <dl class="facts">
                  {section.settings.map((setting) => (
                    <div key={setting.key}>
                      <dt>{setting.key.split(".").pop()}</dt>
                      <dd>
                        <code>{setting.value}</code>
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
        </>
      ) : null}
    </>
  );
}
