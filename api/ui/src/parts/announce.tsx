// Says aloud, to who hears the page, what they did or what ended. Not here: what stands on the page anyway.

import { signal } from "@preact/signals";

const said = signal("");

export function announce(words: string): void {
  said.value = words;
}

export function Announcer() {
  return (
    <p class="unseen" role="status" aria-live="polite">
      {said.value}
    </p>
  );
}
