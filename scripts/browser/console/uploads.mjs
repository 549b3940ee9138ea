// Clips that are uploaded: one in pieces with a reload in between, and one that becomes a story. Not here: the door it goes through (door.mjs).

import { fileURLToPath } from "node:url";
import { Door } from "./door.mjs";
import { expect } from "./watched.mjs";

/** Three pieces, the last of them a short one. */
const BYTES = 20 * 2 ** 20;
const FILE = { name: "Interview – Straße.mxf", mimeType: "application/mxf", buffer: Buffer.alloc(BYTES, 7) };

export async function uploads(watched) {
  const { jobs } = await watched.ask("/v1/jobs?limit=1");
  const door = new Door();
  await door.open(watched.options.daemon, jobs[0]);
  try {
    const page = await watched.open({ home: door.address });
    await outlivesReload(watched, page, door);
    await watched.close(page);
  } finally {
    door.close();
  }
}

/** Through the daemon's own door, to the end. */
export async function story(watched) {
  const page = await watched.open({});
  await page.goto(watched.options.daemon);
  await page.getByLabel("Clips to upload").setInputFiles(fileURLToPath(watched.options.short));
  const clip = /([^/]+)\.mp4$/.exec(watched.options.short)[1];
  const uploaded = (job) => job.spec.title === clip;
  await watched.until(async () => {
    const { jobs } = await watched.ask("/v1/jobs?state=completed&limit=200");
    return jobs.some(uploaded);
  }, "an uploaded clip is completed");
  await page.locator(".row", { hasText: clip }).getByText("Completed").first().waitFor();
  watched.good("an uploaded clip becomes a story");
  await watched.close(page);
}

async function outlivesReload(watched, page, door) {
  door.pieces = 1;
  await page.goto(door.address);
  await page.getByText("Drop clips here").waitFor();
  await page.getByLabel("Clips to upload").setInputFiles(FILE);
  await page.locator(".upload").waitFor();
  await watched.until(() => door.received > 0, "a piece arrives");
  await watched.look(page, "upload");
  expect(door.received < BYTES, "all of it had arrived before it was broken off");
  door.pieces = Infinity;
  await page.reload();
  // Nothing is chosen again: it goes on where it was.
  await watched.until(() => door.submitted, "the upload goes on after a reload and is submitted");
  expect(door.received === BYTES, `${door.received} of ${BYTES} bytes arrived`);
  const { input, title } = door.submitted;
  expect(input.upload === door.id, `the job names ${JSON.stringify(input)}`);
  expect(title === "Interview – Straße", `the job is called ${title}`);
  await page.locator(".upload").waitFor({ state: "detached" });
  watched.good("an upload outlives a reload, and becomes a job");
}
