// Addresses, resources, metrics and settings as the console reads them.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../src/api/types";
import { busiest, uses } from "../src/live/capacity";
import { read, total } from "../src/live/metrics";
import { sections } from "../src/live/settings";

const zero = { cpu_millicores: 0, memory_mib: 0, decode_kpx_s: 0, scale_kpx_s: 0, encode_kpx_s: 0, vram_mib: 0, encoder_sessions: 0 };

test("a device shows what it has, and what decides is its busiest", () => {
  const device = {
    id: "cpu",
    capacity: { ...zero, cpu_millicores: 4000, memory_mib: 8192, encoder_sessions: Number.MAX_SAFE_INTEGER },
    used: { ...zero, cpu_millicores: 3500, memory_mib: 1024, encoder_sessions: 3 },
  } as unknown as Device;
  assert.deepEqual(uses(device).map((use) => [use.name, use.used, use.capacity]), [
    ["Cores", "3.5", "4"],
    ["Memory", "1.0 GiB", "8.0 GiB"],
  ]);
  assert.equal(busiest(device)?.name, "Cores");
  assert.equal(busiest({ ...device, capacity: zero } as unknown as Device), undefined);
});

test("metrics are read with their labels, and summed over them", () => {
  const all = read('# HELP x y\n# TYPE x counter\nx{a="1",b="say \\"hi\\"\\\\"} 2\nx 3.5\ny NaN\nz +Inf\n\nno value\n');
  assert.equal(total(all, "x"), 5.5);
  assert.equal(all[0]?.labels.b, 'say "hi"\\');
  assert.equal(total(all, "y"), undefined);
});

test("settings come in sections, and may be looked for", () => {
  const config = { server: { listen: "127.0.0.1:8470" }, access: { burst: 200, jwt: { issuer: "" } }, webhooks: { endpoints: {} } };
  const names = (text?: string) => sections(config, text).map((section) => section.name);
  assert.deepEqual(names(), ["server", "access", "access.jwt", "webhooks"]);
  assert.deepEqual(names("8470"), ["server"]);
  assert.deepEqual(sections(config, "burst")[0]?.settings, [{ key: "access.burst", value: "200" }]);
});
