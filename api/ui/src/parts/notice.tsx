// What stands where there is nothing else to show: it loads, it is empty, it went wrong. Not here: small words beside a field.

import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/client";

interface Props {
  kind: "loading" | "empty" | "error";
  title: string;
  /** Whether it is said aloud when it appears. */
  live?: boolean;
  children?: ComponentChildren;
}

export function Notice({ kind, title, live, children }: Props) {
  return (
    <div class={`notice is-${kind}`} role={kind === "error" || live ? "alert" : "status"}>
      <p class="notice-title">{title}</p>
      {children ? <div class="notice-words">{children}</div> : null}
    </div>
  );
}

/** A refusal in the daemon's own words; `again` where it may be tried again. */
export function Failure({ error, again }: { error: ApiError; again?: () => void }) {
  const title = error.status === 0 ? "No connection" : error.status === 403 ? "Not with this key" : "That did not work";
  return (
    <Notice kind="error" title={title}>
      <p>{error.message}</p>
      {again ? (
        <button type="button" onClick={again}>
          Try again
        </button>
      ) : null}
    </Notice>
  );
}
