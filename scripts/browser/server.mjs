// A static file server on the loopback for watching and checking a finished ladder. Not for the public: it has
// neither authentication nor TLS, which is why it listens on 127.0.0.1 only.

import { createReadStream, existsSync } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".mpd": "application/dash+xml",
  ".m4s": "video/mp4",
  ".mp4": "video/mp4",
  ".m4a": "audio/mp4",
  ".jpg": "image/jpeg",
  ".vtt": "text/vtt; charset=utf-8",
  ".json": "application/json",
};

/** A reason to stop that the user can act on; printed without a stack. */
export class UserError extends Error {}

/** The built-in pages and players, by URL. The players are the bundles as published, straight from node_modules. */
const PAGES = {
  "/": path.join(HERE, "watch.html"),
  "/check.html": path.join(HERE, "check.html"),
  "/check.js": path.join(HERE, "check.js"),
  "/lib/hls.js": path.join(HERE, "node_modules/hls.js/dist/hls.min.js"),
  "/lib/dash.js": path.join(HERE, "node_modules/dashjs/dist/modern/umd/dash.all.min.js"),
};

/** `bytes=a-b`, `bytes=a-` or `bytes=-n` as inclusive offsets; null when there is none, undefined when it cannot be met. */
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  // A form this server does not know (several ranges, another unit) may be answered with the whole file (RFC 9110).
  if (!match || (match[1] === "" && match[2] === "")) return null;
  const [first, last] = [match[1], match[2]];
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start <= end && start < size ? { start, end } : undefined;
}

/** The file a URL names inside `root`, or null: never one outside it, and never a dot file (`.work` is unfinished). */
async function inside(root, urlPath) {
  let parts;
  try {
    parts = decodeURIComponent(urlPath).split("/").filter(Boolean);
  } catch {
    return null;
  }
  if (parts.some((part) => part.startsWith(".") || part.includes("\\") || part.includes("\0"))) return null;
  try {
    // Resolved to the end, so that a link cannot lead out of the directory either.
    const file = await realpath(path.join(root, ...parts));
    return file.startsWith(root + path.sep) && (await stat(file)).isFile() ? file : null;
  } catch {
    return null;
  }
}

/** Sends one open file, whole or the range asked for. */
async function sendFile(request, response, file) {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const range = parseRange(request.headers.range, size);
    const headers = {
      "content-type": TYPES[path.extname(file)] ?? "application/octet-stream",
      "accept-ranges": "bytes",
      // A check must see the files as they are now, not as a browser remembers them.
      "cache-control": "no-store",
    };
    if (range === undefined) {
      response.writeHead(416, { ...headers, "content-range": `bytes */${size}`, "content-length": 0 }).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    headers["content-length"] = end - start + 1;
    if (range) headers["content-range"] = `bytes ${start}-${end}/${size}`;
    response.writeHead(range ? 206 : 200, headers);
    if (request.method === "HEAD" || size === 0) response.end();
    else await pipeline(createReadStream(null, { fd: handle, start, end, autoClose: false }), response);
  } finally {
    await handle.close();
  }
}

/**
 * Serves `directory` under /media/, the pages and the players beside it.
 * `onRequest({method, url, status})` is called for every answer under /media/.
 */
export async function serve(directory, { port = 0, onRequest = () => {} } = {}) {
  const root = await realpath(directory).catch(() => {
    throw new UserError(`no such directory: ${directory}`);
  });
  const missing = Object.values(PAGES).find((file) => !existsSync(file));
  if (missing) throw new UserError(`${missing} is missing: run npm ci --prefix scripts/browser`);
  const server = createServer(async (request, response) => {
    const urlPath = request.url.split("?", 1)[0];
    const isMedia = urlPath.startsWith("/media/");
    try {
      if (request.method !== "GET" && request.method !== "HEAD") {
        response.writeHead(405, { allow: "GET, HEAD" }).end();
      } else {
        const file = isMedia ? await inside(root, urlPath.slice("/media/".length)) : PAGES[urlPath];
        if (file) await sendFile(request, response, file);
        else response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
      }
    } catch {
      // The player went away in mid-file, or the file did; either way this answer cannot be finished.
      if (!response.headersSent) response.writeHead(500);
      response.destroy();
    }
    if (isMedia) onRequest({ method: request.method, url: urlPath, status: response.statusCode });
  });
  await new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(error.code === "EADDRINUSE" ? new UserError(`port ${port} is taken: choose another with --port`) : error);
    });
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    root,
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
