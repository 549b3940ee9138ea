// A stand-in for the daemon's door for uploads (tus 1.0), with the daemon itself behind it for everything else.
//
// Not here: the real door; this is for what the browser does.

import { createServer, request as ask } from "node:http";

const ID = "01980000-0000-7000-8000-00000000000a";
const TUS = { "tus-resumable": "1.0.0", "cache-control": "no-store" };

/** Counts the bytes of one upload, and keeps what was then submitted. */
export class Door {
  id = ID;
  received = 0;
  length = 0;
  /** The body of `POST /v1/jobs`. */
  submitted = undefined;
  /** Pieces that are taken before it says no more. */
  pieces = Infinity;

  /** Opens it before a daemon; `job` is what a submit is answered with. */
  async open(daemon, job) {
    this.daemon = new URL(daemon);
    this.job = job;
    this.server = createServer((request, response) => void this.take(request, response));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.address = `http://127.0.0.1:${this.server.address().port}`;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async take(request, response) {
    if (request.url.startsWith("/v1/uploads")) return this.upload(request, response);
    if (request.url === "/v1/jobs" && request.method === "POST") {
      const parts = [];
      for await (const part of request) parts.push(part);
      this.submitted = JSON.parse(Buffer.concat(parts).toString());
      return response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(this.job));
    }
    const { hostname, port } = this.daemon;
    const passed = ask({ hostname, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    // A page that goes away ends its streams.
    response.on("close", () => passed.destroy());
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  }

  async upload(request, response) {
    switch (request.method) {
      case "OPTIONS":
        return response.writeHead(204, { ...TUS, "tus-version": "1.0.0", "tus-extension": "creation" }).end();
      case "POST":
        this.length = Number(request.headers["upload-length"]);
        return response.writeHead(201, { ...TUS, location: `/v1/uploads/${ID}` }).end();
      case "HEAD":
        return response.writeHead(200, { ...TUS, "upload-offset": this.received, "upload-length": this.length }).end();
      case "PATCH":
        return this.piece(request, response);
      default:
        return response.writeHead(405, TUS).end();
    }
  }

  async piece(request, response) {
    // Neither read nor answered, as when the line is dead.
    if (this.pieces === 0) return;
    this.pieces -= 1;
    const fits = Number(request.headers["upload-offset"]) === this.received;
    let bytes = 0;
    for await (const part of request) bytes += part.length;
    if (!fits) return response.writeHead(409, TUS).end();
    this.received += bytes;
    response.writeHead(204, { ...TUS, "upload-offset": this.received }).end();
  }
}
