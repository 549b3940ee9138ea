#!/usr/bin/env node
// Tries from pages of other origins, in headless Chromium, to read from and write to a daemon that asks for no keys.
// Usage: node foreign.mjs http://127.0.0.1:PORT JOB CLIP_URL. Prints what got through as JSON; exit 0: nothing, 1: something.
// The daemon's own page tries the same first: it must get through, or the tries are worth nothing.

import { createServer } from "node:http";
import { UserError } from "./server.mjs";
import { findBrowser } from "./browser.mjs";

const [daemon, job, clip] = process.argv.slice(2);
if (!clip) {
  console.error("usage: node scripts/browser/foreign.mjs DAEMON_URL JOB_ID CLIP_URL");
  process.exit(64);
}
const port = new URL(daemon).port;

/** Runs in the page: every way a page has to reach a server. Gives the names of those that got through. */
async function attack({ target, job, clip }) {
  const through = [];
  const body = (title) => JSON.stringify({ input: { url: clip }, title });
  const tries = {
    "read by fetch": async () => (await fetch(`${target}/v1/jobs`)).ok,
    "read one by fetch": async () => (await fetch(`${target}/v1/jobs/${job}`)).ok,
    "read media by fetch": async () => (await fetch(`${target}/media/${job}/poster.jpg`)).ok,
    "read with credentials": async () => (await fetch(`${target}/v1/queue`, { credentials: "include" })).ok,
    "write by fetch": async () => (await fetch(`${target}/v1/jobs`, {
      method: "POST", body: body("fetch"), headers: { "content-type": "application/json" },
    })).ok,
    "picture": () => loads(Object.assign(new Image(), { src: `${target}/media/${job}/poster.jpg` }), "load"),
    "events": () => loads(new EventSource(`${target}/v1/events`), "open"),
    "websocket": () => loads(new WebSocket(`${target.replace("http", "ws")}/v1/ws`), "open"),
  };
  /** Written without being able to see the answer: whoever called looks for what came of it. */
  const blind = {
    "no-cors fetch": () => fetch(`${target}/v1/jobs`, { method: "POST", mode: "no-cors", body: body("no-cors") }),
    "beacon": () => navigator.sendBeacon(`${target}/v1/jobs`, body("beacon")),
    "form cancels": () => form(`${target}/v1/jobs/${job}/cancel`, {}),
    "form submits": () => form(`${target}/v1/jobs`, { [body("form").slice(0, -1) + ',"x":"']: '"}' }),
  };
  function loads(thing, event) {
    return new Promise((resolve) => {
      thing.addEventListener(event, () => resolve(true));
      thing.addEventListener("error", () => resolve(false));
    });
  }
  function form(action, fields) {
    return new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.name = `f${Math.random()}`;
      document.body.append(frame);
      const form = Object.assign(document.createElement("form"), { action, method: "post", enctype: "text/plain", target: frame.name });
      for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
      document.body.append(form);
      frame.addEventListener("load", resolve);
      form.submit();
      setTimeout(resolve, 5000);
    });
  }
  for (const [name, attempt] of Object.entries(tries)) {
    const tooLate = new Promise((resolve) => setTimeout(resolve, 5000, false));
    if (await Promise.race([attempt().catch(() => false), tooLate])) through.push(name);
  }
  for (const attempt of Object.values(blind)) {
    try {
      await attempt();
    } catch {
      // Refused: that is what is wanted.
    }
  }
  return through;
}

/** What the daemon has, asked by no page. */
async function state() {
  const { jobs } = await (await fetch(`${daemon}/v1/jobs?limit=200`)).json();
  return { titles: jobs.map((one) => one.title ?? one.spec.title ?? null), cancelled: jobs.some((one) => one.id === job && one.state === "cancelled") };
}

const evil = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><body>"));
await new Promise((resolve) => evil.listen(0, "127.0.0.1", resolve));
const other = evil.address().port;

const result = {};
let browser;
try {
  const { chromium } = await import("playwright-core");
  browser = await chromium.launch({
    executablePath: findBrowser(),
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
      // A guard of newer browsers' own, which older ones lack: it is the daemon that is tested.
      "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
      // The attacker's names lead here: to its own server, and, rebound, to the daemon.
      "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  });
  const before = await state();
  const from = async (page_url, target, blank) => {
    const page = await (await browser.newContext()).newPage();
    // A page that came from the attacker before its name was rebound, or one of the daemon's own.
    if (blank) await page.route(page_url, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><body>" }));
    await page.goto(page_url);
    const through = await page.evaluate(attack, { target, job, clip });
    await page.context().close();
    return through;
  };
  const pages = {
    "another port of this machine": [`http://127.0.0.1:${other}/`, daemon],
    "another site": [`http://evil.example:${other}/`, daemon],
    "another site, by localhost": [`http://evil.example:${other}/`, `http://localhost:${port}`],
    "a rebound name": [`http://rebound.example:${port}/page`, `http://rebound.example:${port}`, true],
    "a sandboxed page": [`http://rebound.example:${port}/page`, daemon, true],
  };
  for (const [name, [url, target, blank]] of Object.entries(pages)) result[name] = await from(url, target, blank);
  const after = await state();
  result.written = after.titles.filter((title) => !before.titles.includes(title));
  result.cancelled = after.cancelled;
  const own = await from(`${daemon}/page`, daemon, true);
  const control = ["read by fetch", "read media by fetch", "write by fetch", "picture", "events", "websocket"];
  result.own_page_could_not = control.filter((name) => !own.includes(name));
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = error instanceof UserError ? 69 : 70;
} finally {
  await browser?.close();
  evil.close();
}
if (!process.exitCode) {
  console.log(JSON.stringify(result));
  const nothing = Object.values(result).every((found) => found === false || found.length === 0);
  process.exitCode = nothing ? 0 : 1;
}
