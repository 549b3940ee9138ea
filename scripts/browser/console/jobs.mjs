// Jobs in the console: handed in, seen live, played while they are made, steered. Not here: uploads.

import { fits } from "./pages.mjs";
import { expect } from "./watched.mjs";

const TITLE = "Überschwemmung in Köln: die Lage am Abend 🌊";
const HANDED_IN = "Straßenfest: Eindrücke aus der Südstadt";
const TITLES = ["ঢাকায় ভারী বৃষ্টি, জলাবদ্ধতা", "عاصفة تقترب من الساحل", "Election night, first results 🗳️"];

/** Hands a clip in, and sees it in the list with others. */
export async function queue(watched) {
  const { daemon, other, short } = watched.options;
  for (const title of TITLES) await watched.submit({ input: { url: short }, profile: "story", title, priority: 10 });
  const page = await watched.open({ width: 1440, height: 900 });
  await page.goto(daemon);
  const rows = page.locator(".row");
  await rows.nth(TITLES.length - 1).waitFor();
  await page.getByText("Hand in by path").click();
  await page.getByLabel("Path or address").fill(decodeURIComponent(new URL(other).pathname));
  await page.getByLabel("Title", { exact: true }).fill(HANDED_IN);
  await page.getByLabel("Profile").last().selectOption("story");
  await page.getByRole("button", { name: "Submit", exact: true }).click();
  // It comes by itself.
  await rows.nth(TITLES.length).waitFor();
  await rows.filter({ hasText: HANDED_IN }).locator("a").waitFor();
  await page.getByText("Hand in by path").click();
  const direction = await page.locator(".row-title bdi", { hasText: TITLES[1] }).evaluate((title) => getComputedStyle(title).direction);
  expect(direction === "rtl", `an Arabic title runs ${direction}`);
  await watched.look(page, "queue");
  await fits(page, "the queue");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "light" });
  await watched.shoot(page, "phone-light");
  await page.setViewportSize({ width: 1440, height: 900 });
  await finds(page);
  watched.good("a clip handed in by its path appears in the list, beside titles in other scripts");
  await watched.close(page);
}

/** A word as it comes to a hurried hand: without accents, and only its beginning. */
async function finds(page) {
  await page.getByLabel("Search jobs").fill("sudst");
  const found = page.getByRole("list", { name: "Found" }).getByRole("listitem");
  await found.filter({ hasText: HANDED_IN }).waitFor();
  expect((await found.count()) === 1, `${await found.count()} jobs were found`);
  const marked = await found.locator("mark").first().textContent();
  expect(marked === "Südstadt", `what was found is marked as ${marked}`);
  await page.getByLabel("Search jobs").fill("");
  await found.waitFor({ state: "detached" });
}

const video = (page, work, argument) => page.locator("video").evaluate(work, argument);
const play = (page) =>
  video(page, (shown) => {
    shown.muted = true;
    // It is interrupted where the stream is read anew; what counts is whether time passes.
    return shown.play().catch(() => {});
  });
const reached = (page, seconds) =>
  page.waitForFunction((at) => {
    const shown = document.querySelector("video");
    return shown && !shown.seeking && shown.currentTime > at;
  }, seconds);

/** A job that takes its time, and one that does not. */
export async function job(watched) {
  const { clip, daemon } = watched.options;
  // Breaking news: nothing that waits since before comes in between.
  const { id } = await watched.submit({ input: { url: clip }, profile: "slow", title: TITLE, priority: 95 });
  const now = () => watched.ask(`/v1/jobs/${id}`);
  const page = await watched.open({ width: 1440, height: 1000 });
  await page.goto(`${daemon}/#/jobs/${id}`);
  await page.getByRole("heading", { name: TITLE }).waitFor();
  await playsWhileMade(watched, page, now);
  await showsPictures(page);
  await page.getByRole("rowheader", { name: /180p/ }).waitFor();
  await page.getByText("libx264").first().waitFor();
  await watched.look(page, "job");
  await fits(page, "a job");
  await page.setViewportSize({ width: 1440, height: 1000 });
  await steered(watched, page, now);
  await seeksInTheWhole(watched, page);
  await jumpsToWhatIsSaid(watched, page);
  await watched.close(page);
}

/** What subtitles say is found, and a click plays it there. */
async function jumpsToWhatIsSaid(watched, page) {
  const { other, said } = watched.options;
  const subtitles = [{ url: said, language: "de" }];
  const { id } = await watched.submit({ input: { url: other }, profile: "story", priority: 95, subtitles });
  await watched.until(async () => (await watched.ask(`/v1/jobs/${id}`)).state === "completed", "a job with subtitles");
  await page.getByRole("link", { name: "Queue", exact: true }).click();
  await page.getByLabel("Search jobs").fill("talsperre");
  const found = page.getByRole("list", { name: "Found" }).getByRole("listitem");
  const marked = await found.locator("mark").first().textContent();
  expect(marked === "Talsperre", `what was said is marked as ${marked}`);
  await found.getByRole("link", { name: /at 0:12$/ }).click();
  await page.locator("video").waitFor();
  await reached(page, 11.9);
  const { at, paused } = await video(page, (shown) => ({ at: shown.currentTime, paused: shown.paused }));
  expect(at < 14 && paused, `the player ${paused ? "stands" : "plays"} at ${at} s`);
  watched.good("what subtitles say is found, and the player stands where it is said");
}

async function playsWhileMade(watched, page, now) {
  await page.locator("video").waitFor();
  await play(page);
  await reached(page, 0.2);
  await page.waitForFunction(() => {
    const { seekable } = document.querySelector("video");
    return seekable.length > 0 && seekable.end(0) > 6;
  });
  await video(page, (shown) => (shown.currentTime = 5));
  await reached(page, 5.2);
  const { state } = await now();
  expect(state === "running", `the job was ${state} by the time it was played and sought in`);
  watched.good("it plays, and can be sought in, while it is made");
}

async function showsPictures(page) {
  await page.waitForFunction(() => {
    const pictures = [...document.querySelectorAll(".thumbs img")];
    return pictures.length >= 3 && pictures.every((picture) => picture.naturalWidth > 0);
  });
  await page.getByRole("button", { name: "Thumbnail 1", exact: true }).click();
  await page.getByRole("figure").getByText("Open the file").waitFor();
  await page.getByRole("button", { name: "Thumbnail 1", exact: true }).click();
}

/** Another priority, cancelled, tried again, cancelled. */
async function steered(watched, page, now) {
  const head = page.locator(".page-head");
  await head.getByLabel(/^Priority/).selectOption("75");
  await watched.until(async () => (await now()).spec.priority === 75, "the priority that was chosen");
  await head.getByRole("button", { name: /^Cancel/ }).click();
  await head.getByText("Cancelled").waitFor();
  await head.getByRole("button", { name: /^Retry/ }).click();
  await head.getByRole("button", { name: /^Cancel/ }).click();
  await head.getByText("Cancelled").waitFor();
  watched.good("its priority is changed, it is cancelled and tried again");
}

/** The clip that was handed in by its path is complete by and by. */
async function seeksInTheWhole(watched, page) {
  await page.getByRole("link", { name: "Queue", exact: true }).click();
  await page.getByText("Completed", { exact: true }).first().click();
  // The list of all makes room for that of the completed.
  await page.locator(".row .state.is-cancelled").waitFor({ state: "detached" });
  await page.getByRole("link", { name: HANDED_IN }).click();
  await page.locator(".page-head .state.is-completed").waitFor();
  await page.locator("video").waitFor();
  await play(page);
  await page.waitForFunction(() => Math.abs(document.querySelector("video").duration - 20) < 1);
  await page.waitForFunction(() => document.querySelector(".player select").options.length === 3);
  await page.locator(".player select").first().selectOption({ label: "96p" });
  await video(page, (shown) => (shown.currentTime = 15));
  await reached(page, 15.2);
  await page.waitForFunction(() => document.querySelector("video").videoHeight === 96);
  await choosesPoster(watched, page);
  watched.good("the whole of a finished one can be sought in, at the rung that was chosen");
}

async function choosesPoster(watched, page) {
  const poster = await page.locator(".thumbs img").first().getAttribute("src");
  const bytes = async (file) => {
    const answer = await fetch(watched.options.daemon + poster.replace("poster.jpg", file));
    return Buffer.from(await answer.arrayBuffer());
  };
  const before = await bytes("poster.jpg");
  const files = await Promise.all([1, 2].map((number) => bytes(`thumbs/000${number}.jpg`)));
  const other = files.findIndex((picture) => !picture.equals(before));
  await page.getByRole("button", { name: `Thumbnail ${other + 1}`, exact: true }).click();
  await page.getByRole("button", { name: "Make it the poster" }).click();
  await watched.until(async () => files[other].equals(await bytes("poster.jpg")), "the poster that was chosen");
  watched.good("a thumbnail is made the poster");
}
