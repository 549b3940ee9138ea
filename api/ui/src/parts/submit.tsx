// Hands in a clip that lies where the daemon can read it. Not here: clips from this computer (uploads.tsx).

import { useEffect, useState } from "preact/hooks";
import { listProfiles, submitJob } from "../api/calls";
import type { Profile } from "../api/types";
import { PrioritySelect } from "./actions";
import { announce } from "./announce";

/** The profiles there are; `web` is the daemon's default. */
export function useProfiles(): Profile[] {
  const [profiles, setProfiles] = useState<Profile[]>([]);
  useEffect(() => void listProfiles().then(setProfiles, () => {}), []);
  return profiles;
}

export function ProfileSelect({ profiles, value, choose }: { profiles: Profile[]; value: string; choose(name: string): void }) {
  const names = profiles.length > 0 ? profiles.map((one) => one.name) : [value];
  return (
    <label class="field">
      <span>Profile</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

/** A path is as good as an address. */
export function address(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("/")) return trimmed;
  return `file://${trimmed.split("/").map(encodeURIComponent).join("/")}`;
}

const once = () => `console-${Date.now()}-${Math.random().toString(36).slice(2)}`;

export function SubmitForm({ profiles, done }: { profiles: Profile[]; done(): void }) {
  const [input, setInput] = useState("");
  const [title, setTitle] = useState("");
  const [profile, setProfile] = useState("web");
  const [priority, setPriority] = useState(50);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const named = title.trim() ? { title: title.trim() } : {};
      await submitJob({ input: { url: address(input) }, profile, priority, ...named }, once());
      announce("The job is accepted");
      setInput("");
      setTitle("");
      done();
    } catch (failed) {
      setError((failed as Error).message);
    }
    setBusy(false);
  };
  return (
    <form class="submit" onSubmit={(event) => void submit(event)}>
      <label class="field is-wide">
        <span>Path or address</span>
        <input
          required
          name="input"
          value={input}
          placeholder="/mnt/ingest/story.mxf"
          autoComplete="off"
          spellcheck={false}
          aria-describedby={error ? "submit-error" : undefined}
          onInput={(event) => setInput(event.currentTarget.value)}
        />
      </label>
      <label class="field is-wide">
        <span>Title</span>
        <input name="title" dir="auto" maxLength={500} value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
      </label>
      <ProfileSelect profiles={profiles} value={profile} choose={setProfile} />
      <div class="field">
        <span aria-hidden="true">Priority</span>
        <PrioritySelect value={priority} name="Priority" choose={setPriority} />
      </div>
      <button type="submit" class="main" disabled={busy}>
        Submit
      </button>
      {error ? (
        <p id="submit-error" class="field-error is-whole" role="alert">
          {error}
        </p>
      ) : null}
    </form>
  );
}
