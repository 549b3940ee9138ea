#!/usr/bin/env node
// Shows a finished ladder in a page that plays it. Usage: node serve.mjs DIR [--port N]

import { parseArgs } from "node:util";
import { serve, UserError } from "./server.mjs";

const USAGE = "usage: node scripts/browser/serve.mjs DIR [--port N]";

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: "string", default: "8480" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const port = Number(values.port);
  if (positionals.length !== 1 || !Number.isInteger(port) || port < 0 || port > 65535) throw new UserError(USAGE);
  const { origin, root } = await serve(positionals[0], { port });
  console.log(`${root}\nis playing at ${origin}/ (Ctrl-C stops)`);
} catch (error) {
  const expected = error instanceof UserError || error.code?.startsWith("ERR_PARSE_ARGS");
  console.error(expected ? error.message : error);
  process.exit(64);
}
