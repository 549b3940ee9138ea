#!/usr/bin/env node
// Uses the console as people do, in headless Chromium, over a daemon that runs. Exit 0: all of it works, 1: something does not.
// Usage: node console.mjs open|key --daemon URL [--clip URL --other URL --short URL --said URL] [--key KEY] [--shots DIR]
//
// Not here: what a single page has to do (console/), or the rules for keys (the daemon's own tests).

import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { findBrowser } from "./browser.mjs";
import { Watched } from "./console/watched.mjs";
import { login } from "./console/login.mjs";
import { away, frame, others } from "./console/pages.mjs";
import { job, queue } from "./console/jobs.mjs";
import { story, uploads } from "./console/uploads.mjs";
import { UserError } from "./server.mjs";

const USAGE = "usage: node scripts/browser/console.mjs open|key --daemon URL [--clip URL --other URL --short URL --said URL] [--key KEY] [--shots DIR]";

const FLOWS = {
  /** A daemon that asks for no key. */
  open: [frame, queue, job, uploads, story, others, away],
  /** One that does. */
  key: [login],
};

let browser;
try {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: Object.fromEntries(["daemon", "clip", "other", "short", "said", "key", "shots"].map((name) => [name, { type: "string" }])),
  });
  const flows = FLOWS[positionals[0]];
  if (!flows || !options.daemon) throw new UserError(USAGE);
  if (options.shots) mkdirSync(options.shots, { recursive: true });
  const { chromium } = await import("playwright-core");
  browser = await chromium.launch({
    executablePath: findBrowser(),
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required"],
  });
  const watched = new Watched(browser, options);
  // Each is for itself: one that fails says nothing of the others.
  for (const flow of flows) await watched.try(flow);
  console.log(JSON.stringify({ checked: watched.checked, failed: watched.failed.length }));
  for (const words of watched.failed) console.error(words);
  if (watched.failed.length > 0) process.exitCode = 1;
} catch (error) {
  const expected = error instanceof UserError;
  console.error(expected ? error.message : error);
  process.exitCode = expected ? 69 : 70;
} finally {
  await browser?.close();
}
