// Where clips are dropped, and those under way. Not here: sending them (upload/uploads.ts).

import { useEffect, useRef, useState } from "preact/hooks";
import type { Profile } from "../api/types";
import { bytes, percent } from "../format";
import { add, begin, drop, go, pause, taken, uploads, type Shown } from "../upload/uploads";
import { PrioritySelect } from "./actions";
import { Bar } from "./progress";
import { ProfileSelect } from "./submit";

const WORDS: Record<Shown["phase"], string> = {
  sending: "",
  paused: "Paused",
  file_wanted: "Choose or drop the same file again to go on",
  submitting: "Becomes a job…",
  failed: "Broken off",
};

function One({ upload }: { upload: Shown }) {
  const { id, name, size, sent, phase, error } = upload;
  const share = size > 0 ? sent / size : 0;
  const words = [error ?? WORDS[phase], `${percent(share)} of ${bytes(size)}`].filter(Boolean);
  return (
    <li class="upload">
      <bdi dir="auto">{name}</bdi>
      <Bar share={share} label={`Upload of ${name}`} tone={phase === "failed" ? "is-failed" : "is-running"} />
      <span class="figures" role={phase === "failed" ? "alert" : undefined}>
        {words.join(" · ")}
      </span>
      <span class="actions">
        {phase === "sending" ? (
          <button type="button" aria-label={`Pause: ${name}`} onClick={() => pause(id)}>
            Pause
          </button>
        ) : null}
        {phase === "paused" || phase === "failed" ? (
          <button type="button" aria-label={`Go on: ${name}`} onClick={() => go(id)}>
            Go on
          </button>
        ) : null}
        <button type="button" class="quiet" aria-label={`Remove: ${name}`} onClick={() => drop(id)}>
          Remove
        </button>
      </span>
    </li>
  );
}

export function Uploads({ profiles }: { profiles: Profile[] }) {
  const [over, setOver] = useState(false);
  const [profile, setProfile] = useState("web");
  const [priority, setPriority] = useState(50);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => void begin(), []);
  if (taken.value === undefined) return null;
  if (!taken.value) return <p class="hint">This daemon takes no uploads; hand in clips by their path.</p>;
  const take = (files: FileList | null | undefined) => {
    for (const file of files ?? []) add(file, { profile, priority });
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer?.files);
  };
  return (
    <div class="uploads">
      <div
        class={`drop ${over ? "is-over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={dropped}
      >
        <p>
          <strong>Drop clips here</strong> or{" "}
          <button type="button" onClick={() => input.current?.click()}>
            choose files
          </button>
        </p>
        <input
          ref={input}
          class="unseen"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="Clips to upload"
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
        <div class="drop-wishes">
          <ProfileSelect profiles={profiles} value={profile} choose={setProfile} />
          <div class="field">
            <span aria-hidden="true">Priority</span>
            <PrioritySelect value={priority} name="Priority of uploads" choose={setPriority} />
          </div>
        </div>
      </div>
      {uploads.value.length > 0 ? (
        <ul class="upload-list" aria-label="Uploads under way">
          {uploads.value.map((upload) => (
            <One key={upload.id} upload={upload} />
          ))}
        </ul>
      ) : null}
    </div>
  );
}
