// A browser whose pages are watched: what they complain of, what they load from elsewhere, what axe finds in them.
//
// Not here: what is done on a page.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** Something does not work; its words say what. */
export class Failed extends Error {}

export function expect(holds, words) {
  if (!holds) throw new Failed(words);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WAIT_MS = 60_000;

/** A daemon without a door for uploads says so when it is asked for one. */
const NO_UPLOADS = /status of 404.*\/v1\/uploads/;

export class Watched {
  /** What was found good, in words. */
  checked = [];
  /** What was not. */
  failed = [];
  pages = new Set();

  constructor(browser, options) {
    this.browser = browser;
    this.options = options;
  }

  /** A page in a browser of its own. `forgiven` are complaints that belong to what is tried. */
  async open({ width = 1280, height = 800, forgiven = [], home = this.options.daemon } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, locale: "en-GB", timezoneId: "UTC" });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const complaints = [];
    const complain = (words) => {
      if (![NO_UPLOADS, ...forgiven].some((pattern) => pattern.test(words))) complaints.push(words);
    };
    page.on("console", (message) => {
      if (message.type() === "error") complain(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => complain(String(error)));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(home) && !/^(data|blob):/.test(url)) complain(`it asked ${url}`);
    });
    page.complaints = complaints;
    this.pages.add(page);
    return page;
  }

  /** Closes a page; it must have had nothing to complain of. */
  async close(page) {
    expect(page.complaints.length === 0, `the browser complains: ${page.complaints.join("\n")}`);
    await this.shut(page);
  }

  async shut(page) {
    this.pages.delete(page);
    await page.context().close();
  }

  /** Does something on pages of its own; what fails is kept, with a picture of where it stood. */
  async try(flow) {
    try {
      await flow(this);
    } catch (error) {
      const found = [`${flow.name}: ${error instanceof Failed ? error.message : error.stack}`];
      for (const page of this.pages) {
        await this.shoot(page, `failed-${flow.name}`);
        found.push(`at ${page.url()}`, ...page.complaints);
        await this.shut(page);
      }
      this.failed.push(found.join("\n"));
    }
  }

  /** Looks at what stands on the page, in light and in dark, and takes a picture of each. */
  async look(page, name) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(AXE);
      const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const words = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`);
      expect(serious.length === 0, `axe on ${name}, ${colorScheme}: ${words.join("\n")}`);
      await page.evaluate(() => scrollTo(0, 0));
      await this.shoot(page, `${name}-${colorScheme}`);
    }
    this.good(`${name}: nothing serious found by axe, in light and dark`);
  }

  async shoot(page, name) {
    const { shots } = this.options;
    if (shots) await page.screenshot({ path: path.join(shots, `${name}.png`), animations: "disabled" });
  }

  good(words) {
    this.checked.push(words);
  }

  /** Asks the daemon itself. */
  async ask(route, init) {
    const answer = await fetch(this.options.daemon + route, init);
    expect(answer.ok, `${route} was answered ${answer.status}: ${await answer.clone().text()}`);
    return answer.json();
  }

  /** Waits until something holds that is no matter of the page's. */
  async until(holds, words) {
    const end = Date.now() + WAIT_MS;
    while (!(await holds())) {
      expect(Date.now() < end, `never: ${words}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Submits a job without the console. */
  submit(spec) {
    const headers = { "content-type": "application/json" };
    return this.ask("/v1/jobs", { method: "POST", headers, body: JSON.stringify(spec) });
  }
}
