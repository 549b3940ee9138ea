// Whether the daemon lets this browser in, and what is done when it asks for a key. Not here: the page that asks (pages/login.tsx).

import { signal } from "@preact/signals";
import { getQueue, signIn, signOut } from "./api/calls";
import { ApiError, onKeyAsked } from "./api/client";

/** `refused`: the key is good, yet does not let its owner look. */
export type Access = "unknown" | "open" | "key_needed" | "refused" | "offline";

export const access = signal<Access>("unknown");

/** No script can read the cookie, so it is noted that there is one to give back. */
const NOTE = "newsreel.signed-in";
export const signedIn = signal(localStorage.getItem(NOTE) !== null);

onKeyAsked(() => {
  access.value = "key_needed";
});

/** Finds out by asking for something small. */
export async function look(): Promise<void> {
  try {
    await getQueue();
    access.value = "open";
  } catch (error) {
    const status = error instanceof ApiError ? error.status : 0;
    access.value = status === 401 ? "key_needed" : status === 403 ? "refused" : "offline";
  }
}

/** Swaps a key for the cookie; the key itself is kept nowhere. */
export async function enter(key: string): Promise<void> {
  await signIn(key);
  localStorage.setItem(NOTE, "1");
  signedIn.value = true;
  await look();
}

export async function leave(): Promise<void> {
  await signOut();
  localStorage.removeItem(NOTE);
  signedIn.value = false;
  await look();
}
