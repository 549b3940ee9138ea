// Quantities as people read them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, bytes, duration, fileName, percent, place, speed } from "../src/format";

test("bytes have three figures at most", () => {
  const said = [0, 999, 1000, 1234, 99_949, 99_960, 999_500, 5_000_000_000, 1e18].map(bytes);
  assert.deepEqual(said, ["0 B", "999 B", "1.0 kB", "1.2 kB", "99.9 kB", "100 kB", "1.0 MB", "5.0 GB", "1000 PB"]);
});

test("a duration never says more than it is worth", () => {
  const said = [0, 0.4, 59.6, 61, 185, 600, 3600, 7799, 90_000].map(duration);
  assert.deepEqual(said, ["0 s", "under 1 s", "1 min", "1 min 1 s", "3 min 5 s", "10 min", "1 h", "2 h 9 min", "25 h"]);
  assert.equal(duration(Infinity), "–");
  assert.equal(duration(-1), "–");
});

test("only what is done is at 100 percent", () => {
  assert.deepEqual([-1, 0, 0.426, 0.9999, 1].map(percent), ["0 %", "0 %", "42 %", "99 %", "100 %"]);
});

test("speed has a figure behind the point while that means something", () => {
  assert.deepEqual([0.04, 1.25, 9.94, 9.96, 120.4].map(speed), ["0.0×", "1.3×", "9.9×", "10×", "120×"]);
});

test("times are told from now", () => {
  const now = Date.parse("2030-01-01T12:00:00Z");
  const said = ["2030-01-01T11:59:30Z", "2030-01-01T11:59:05Z", "2030-01-01T10:59:00Z", "2029-12-30T12:00:00Z", "2030-01-01T13:30:00Z", "never"];
  assert.deepEqual(said.map((at) => ago(at, now)), ["just now", "1 minute ago", "1 hour ago", "2 days ago", "in 1 hour", ""]);
});

test("a clip without a title has its file's name, whatever script that is in", () => {
  assert.equal(fileName("file:///in/%C3%9Cberschwemmung%20%F0%9F%8C%8A.mxf"), "Überschwemmung 🌊.mxf");
  assert.equal(fileName("file:///in/খবর.mp4?x=1"), "খবর.mp4");
  assert.equal(fileName("file:///in/%FF.mp4"), "%FF.mp4");
  assert.equal(fileName("file:///"), "file:");
});

test("a place in a programme is shown as players do", () => {
  assert.deepEqual([0, 6.9, 65, 3725.2, -1].map(place), ["0:00", "0:06", "1:05", "1:02:05", "0:00"]);
});
