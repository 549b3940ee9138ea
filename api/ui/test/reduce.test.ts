// What events make of a job.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job } from "../src/api/types";
import { reduce, words, type Told } from "../src/live/reduce";

const job = {
  id: "0199", spec: { input: { url: "file:///a.mxf" } }, state: "queued", progress: 0, frames_done: 0, frames_total: 0, speed: 0,
  created_at: "2030-01-01T12:00:00Z", warnings: [], destination: "file:///out/",
} as unknown as Job;
const told = (type: string, data: Told["data"] = {}): Told => ({ type, created_at: "2030-01-01T12:01:00Z", job_id: "0199", data });
const after = (...events: Told[]) => events.reduce(reduce, job);

test("a job begins, gets on and completes", () => {
  const begun = after(told("job.started", { segments_reused: 0 }));
  assert.equal(begun.state, "running");
  assert.equal(begun.started_at, "2030-01-01T12:01:00Z");
  const on = reduce(begun, told("job.progress", { progress: 0.4, frames_done: 40, frames_total: 100, speed: 2, eta_s: 30 }));
  assert.deepEqual([on.progress, on.frames_done, on.speed, on.eta_s], [0.4, 40, 2, 30]);
  const unsure = reduce(on, told("job.progress", { progress: 0.4, frames_done: 40, frames_total: 100, speed: 0, eta_s: null }));
  assert.equal("eta_s" in unsure, false);
  const done = reduce(on, told("job.completed", { wall_s: 60 }));
  assert.deepEqual([done.state, done.progress, done.speed, "eta_s" in done], ["completed", 1, 0, false]);
});

test("what was under way when it ended changes nothing", () => {
  const cancelled = after(told("job.started"), told("job.cancelled"));
  assert.equal(reduce(cancelled, told("job.progress", { progress: 0.9 })), cancelled);
  assert.equal(reduce(cancelled, told("job.started")), cancelled);
  assert.equal(reduce(cancelled, told("job.queued")).state, "queued");
});

test("a failure has its words until the job is tried again", () => {
  const failed = after(told("job.started"), told("job.failed", { code: "input_unreadable", message: "it is damaged" }));
  assert.deepEqual(failed.failure, { code: "input_unreadable", message: "it is damaged" });
  assert.equal("failure" in reduce(failed, told("job.queued")), false);
});

test("a warning is kept once", () => {
  const warning = told("job.warning", { code: "source_truncated", message: "it ends early" });
  assert.equal(after(warning, warning).warnings.length, 1);
});

test("a job that gave its place waits, and one that plays says where", () => {
  assert.equal(after(told("job.started"), told("job.preempted")).state, "queued");
  assert.equal(after(told("output.playable", { playlist: "master.m3u8" })).playback_path, "/media/0199/master.m3u8");
});

test("an event of another kind changes nothing and has words all the same", () => {
  assert.equal(after(told("job.invented")), job);
  assert.equal(words(told("job.invented")), "job.invented");
  assert.match(words(told("job.fell_back", { from: "cuda:0", to: "cpu" })), /cuda:0 → cpu/);
});
