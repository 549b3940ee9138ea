// Which page is shown, by the part of the address after `#`. Not here: the pages.

import { signal } from "@preact/signals";

export type Route =
  | { page: "queue" }
  | { page: "job"; id: string; at?: number }
  | { page: "devices" }
  | { page: "receivers" }
  | { page: "settings" }
  | { page: "unknown" };

/** The page that an address's fragment names. */
export function parse(fragment: string): Route {
  const [page = "", id = "", ...rest] = fragment.replace(/^#?\/?/, "").split("/");
  if (page === "jobs" && /^[0-9a-f-]{36}$/.test(id) && rest[0] === "at" && rest.length === 2 && /^[0-9]{1,6}(\.[0-9]+)?$/.test(rest[1] ?? "")) {
    return { page: "job", id, at: Number(rest[1]) };
  }
  if (rest.length > 0) return { page: "unknown" };
  if (page === "" && id === "") return { page: "queue" };
  if (page === "jobs" && /^[0-9a-f-]{36}$/.test(id)) return { page: "job", id };
  if ((page === "devices" || page === "receivers" || page === "settings") && id === "") return { page };
  return { page: "unknown" };
}

export const route = signal<Route>(parse(location.hash));
addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

/** A job's page; with a second of the programme, its player stands there. */
export const jobLink = (id: string, at?: number) => (at === undefined ? `#/jobs/${id}` : `#/jobs/${id}/at/${at}`);
