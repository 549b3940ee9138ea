// Finds the browser to test with. Not Playwright's own download: that one has no H.264 and AAC.

import { accessSync, constants } from "node:fs";
import path from "node:path";
import { UserError } from "./server.mjs";

/** There is nothing to test with. */
export class Unavailable extends UserError {}

/** The browser's path: $CHROMIUM, or the first of its usual names on the path. */
export function findBrowser() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ["chromium", "google-chrome-stable", "google-chrome"]) {
    for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
      const file = path.join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here.
      }
    }
  }
  throw new Unavailable("no chromium found: run scripts/setup --test, or set CHROMIUM to a browser with H.264 and AAC");
}
