#!/usr/bin/env node
// Plays a finished ladder in headless Chromium from the first frame to the last and says what a viewer would have met.
// It looks at playback only; frame counts and timestamps against the plan are checked elsewhere.

import { realpathSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { findBrowser, Unavailable } from "./browser.mjs";
import { judge } from "./judge.mjs";
import { serve, UserError } from "./server.mjs";

const USAGE = `usage: node scripts/browser/play.mjs DIR [options]

Plays DIR/master.m3u8 (hls.js) and DIR/manifest.mpd (dash.js). Exit 0: both ended and nothing went wrong; 1: something did.

  --player hls|dash|both   which of them (default both)
  --all-levels             then each rung by itself as well, with automatic switching off
  --rate R                 playback rate to begin with, 1 to 16 (default 4; halved after a stall)
  --frames N               fail when fewer frames than this were decoded in any playback
  --timeout S              limit for each playback in seconds (default 120)
  --screenshot FILE        a PNG from the middle of the clip; with two players, FILE-hls.png and FILE-dash.png
  --json                   the report as JSON on standard output
The browser is $CHROMIUM, or the first of chromium, google-chrome-stable and google-chrome on the path.`;

const MANIFESTS = { hls: "master.m3u8", dash: "manifest.mpd" };
const EXIT = { ok: 0, failed: 1, usage: 64, unavailable: 69 };
const LAUNCH_LIMIT_MS = 60_000;
const POLL_MS = 100;
/** A player that moves nothing for this long has given up, whatever the limit. */
const NO_PROGRESS_MS = 20_000;
/** What a player still has to say after its fate is sealed. */
const LAST_WORDS_MS = 500;

function parseCommandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      player: { type: "string", default: "both" },
      "all-levels": { type: "boolean", default: false },
      rate: { type: "string", default: "4" },
      frames: { type: "string", default: "1" },
      timeout: { type: "string", default: "120" },
      screenshot: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(EXIT.ok);
  }
  const players = values.player === "both" ? ["hls", "dash"] : [values.player];
  const [rate, timeoutS, framesAtLeast] = [values.rate, values.timeout, values.frames].map(Number);
  const valid = positionals.length === 1 && players.every((player) => player in MANIFESTS) && rate >= 1 && rate <= 16
    && timeoutS > 0 && timeoutS <= 86_400 && framesAtLeast >= 0;
  if (!valid) throw new UserError(USAGE);
  return { ...values, dir: positionals[0], players, rate, timeoutS, framesAtLeast, allLevels: values["all-levels"] };
}

async function launch() {
  const executablePath = findBrowser();
  // A browser from a snap sees a /tmp of its own, so its profile has to lie where both sides see the same files.
  if (realpathSync(executablePath) === "/usr/bin/snap") process.env.TMPDIR = `${process.env.HOME}/snap/chromium/common`;
  const { chromium } = await import("playwright-core");
  try {
    return await chromium.launch({
      executablePath,
      timeout: LAUNCH_LIMIT_MS,
      args: [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--autoplay-policy=no-user-gesture-required",
        // A ladder that refers to anything outside its directory must fail, also on a machine with a network.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ],
    });
  } catch (error) {
    throw new Unavailable(`${executablePath} does not start: ${error.message.split("\n", 1)[0]}`);
  }
}

/** Follows one playback until it ended, failed or ran out of time; returns the page's last report and why it stopped. */
async function follow(page, requests, timeoutS, screenshot) {
  const deadline = Date.now() + timeoutS * 1000;
  const status = { report: null, stopped: null };
  let [lastTime, lastMove] = [-1, Date.now()];
  while (!status.stopped) {
    const report = await page.evaluate(() => check.report());
    status.report = report;
    if (report.final_time_s !== lastTime) [lastTime, lastMove] = [report.final_time_s, Date.now()];
    if (report.ended) break;
    if (report.paused && screenshot && report.final_time_s > 0) {
      await page.screenshot({ path: screenshot, timeout: 30_000 });
      screenshot = null;
      await page.evaluate(() => check.resume());
    }
    if (report.errors.some((error) => error.fatal)) status.stopped = "the player gave up";
    else if (requests.some((request) => request.status >= 400)) status.stopped = "a request failed";
    else if (Date.now() > deadline) status.stopped = `the time limit of ${timeoutS} s was reached`;
    else if (Date.now() - lastMove > NO_PROGRESS_MS) status.stopped = `no progress for ${NO_PROGRESS_MS / 1000} s`;
    else await sleep(POLL_MS);
  }
  await sleep(LAST_WORDS_MS);
  status.report = await page.evaluate(() => check.report());
  return status;
}

/** Plays one manifest, all rungs or one of them, in a fresh page. */
async function play(browser, site, { player, locked = null, rate, timeoutS, framesAtLeast, screenshot = null }) {
  const began = Date.now();
  const consoleErrors = [];
  site.requests.length = 0;
  const page = await browser.newPage();
  page.on("console", (message) => message.type() === "error" && consoleErrors.push(message.text()));
  page.on("pageerror", (error) => consoleErrors.push(`uncaught: ${error.message}`));
  let status = { report: null, stopped: "the page did not answer" };
  let timer;
  try {
    // The page is asked for its state all the time; should it hang, this limit ends the wait.
    const limit = new Promise((resolve) => { timer = setTimeout(resolve, timeoutS * 1000 + 10_000, status); });
    const crash = new Promise((resolve) => page.once("crash", () => resolve({ ...status, stopped: "the page crashed" })));
    const watched = (async () => {
      await page.goto(`${site.origin}/check.html`);
      const options = { player, url: `/media/${MANIFESTS[player]}`, rate, locked, pauseAtHalf: Boolean(screenshot) };
      await page.evaluate((given) => check.start(given), options);
      return follow(page, site.requests, timeoutS, screenshot);
    })();
    watched.catch(() => {}); // Once the race is lost, closing the page fails what it still waits for.
    status = await Promise.race([watched, limit, crash]);
  } catch (error) {
    status = { report: null, stopped: error.message };
  } finally {
    clearTimeout(timer);
    await Promise.race([page.close(), sleep(5000, null, { ref: false })]).catch(() => {});
  }
  const httpErrors = site.requests.filter((request) => request.status >= 400);
  const wallS = (Date.now() - began) / 1000;
  return judge({ player, locked, ...status, framesAtLeast, consoleErrors, httpErrors, wallS });
}

async function playAll(browser, site, options) {
  const playbacks = [];
  for (const player of options.players) {
    const { dir, name, ext } = path.parse(options.screenshot ?? "");
    const screenshot = options.screenshot && (options.players.length === 1
      ? options.screenshot : path.join(dir, `${name}-${player}${ext || ".png"}`));
    const automatic = await play(browser, site, { ...options, player, screenshot });
    playbacks.push(automatic);
    if (!options.allLevels) continue;
    if (automatic.levels_unsupported.length > 0) {
      automatic.ok = false;
      automatic.problems.push(`this browser cannot decode ${automatic.levels_unsupported.map((l) => `${l.height}p`).join(", ")}`);
    }
    for (const locked of automatic.levels) {
      playbacks.push(await play(browser, site, { ...options, player, locked, screenshot: null }));
    }
  }
  return playbacks;
}

function print(playback) {
  const p = playback;
  const which = p.locked ? `${p.locked.height}p only` : "automatic";
  const seconds = (value) => (value === null ? "?" : value.toFixed(2));
  console.log(`${p.ok ? "ok    " : "FAILED"} ${p.player} (${p.library}, ${which}): ${seconds(p.final_time_s)} of `
    + `${seconds(p.duration_s)} s played, ${p.frames} frames, ${p.frames_dropped} dropped, rungs `
    + `${p.levels_seen.map((l) => `${l.height}p`).join(" ") || "none"}, ${p.stalls.length} stalls, ${p.wall_s.toFixed(1)} s`);
  for (const problem of p.problems) console.log(`       ${problem}`);
  for (const note of p.notes) console.log(`       note: ${note}`);
}

async function main() {
  const options = parseCommandLine();
  const requests = [];
  const site = { requests, ...(await serve(options.dir, { onRequest: (request) => requests.push(request) })) };
  const browser = await launch();
  const playbacks = await playAll(browser, site, options);
  const ok = playbacks.every((playback) => playback.ok);
  if (options.json) console.log(JSON.stringify({ ok, browser: browser.version(), playbacks }, null, 2));
  else playbacks.forEach(print);
  await Promise.race([browser.close(), sleep(5000)]);
  site.close();
  return ok ? EXIT.ok : EXIT.failed;
}

try {
  process.exitCode = await main();
} catch (error) {
  const expected = error instanceof UserError || error.code?.startsWith("ERR_PARSE_ARGS");
  console.error(expected ? error.message : error);
  process.exitCode = error instanceof Unavailable ? EXIT.unavailable : EXIT.usage;
}
// A browser that would not close is killed by Playwright as this process exits.
process.exit();
