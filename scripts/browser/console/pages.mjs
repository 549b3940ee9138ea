// The frame around the pages, the pages beside the queue, and a daemon that is away. Not here: jobs.

import { expect } from "./watched.mjs";

/** The first page, by keyboard, and at every width. */
export async function frame(watched) {
  const page = await watched.open();
  await page.goto(watched.options.daemon);
  await page.getByRole("heading", { name: "Queue" }).waitFor();
  await page.getByText("No jobs yet").waitFor();
  await watched.look(page, "empty");
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement?.textContent);
  expect(first === "To the content", `the first stop of the Tab key is ${first}`);
  await page.keyboard.press("Enter");
  const main = await page.evaluate(() => document.activeElement?.id);
  expect(main === "content", `the skip link leads to ${main}`);
  await page.getByLabel("Colours").selectOption("dark");
  await page.reload();
  await page.getByRole("heading", { name: "Queue" }).waitFor();
  const theme = await page.evaluate(() => document.documentElement.dataset.theme);
  expect(theme === "dark", `a chosen theme is ${theme} after a reload`);
  watched.good("keyboard, skip link, theme kept");
  await watched.close(page);
}

/** Nothing may stand beside the page. */
export async function fits(page, name) {
  for (const width of [360, 768, 1280, 2560]) {
    await page.setViewportSize({ width, height: 800 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide <= width, `${name} is ${wide} pixels wide on a screen of ${width}`);
  }
}

/** Devices, receivers, settings. */
export async function others(watched) {
  const page = await watched.open();
  await page.goto(`${watched.options.daemon}/#/devices`);
  await page.getByRole("region", { name: "cpu" }).getByText("Cores", { exact: true }).waitFor();
  await page.getByText("Free on the disk").waitFor();
  // Something can be seen of a line from its third point on.
  await page.waitForFunction(() => document.querySelector(".spark polyline")?.getAttribute("points").split(" ").length > 3);
  await watched.look(page, "devices");
  await fits(page, "devices");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("link", { name: "Receivers" }).click();
  await page.getByRole("rowheader", { name: /cms/ }).waitFor();
  await watched.look(page, "receivers");
  await fits(page, "receivers");
  const refused = page.getByRole("button", { name: /Replay/ }).first();
  await refused.waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByPlaceholder("Find a setting").fill("max_queued");
  await page.getByText("10000").waitFor();
  const shown = await page.locator(".facts dt").count();
  expect(shown === 1, `${shown} settings are called max_queued`);
  await page.getByPlaceholder("Find a setting").fill("");
  await watched.look(page, "settings");
  await fits(page, "settings");
  watched.good("devices over time, receivers, settings that can be searched");
  await watched.close(page);
}

/** A daemon that does not answer, and comes back. */
export async function away(watched) {
  const page = await watched.open({ forgiven: [/ERR_FAILED|ERR_INTERNET_DISCONNECTED/] });
  await page.route("**/v1/**", (route) => route.abort());
  await page.goto(watched.options.daemon);
  await page.getByText("The daemon does not answer").waitFor();
  await watched.look(page, "away");
  await page.unroute("**/v1/**");
  await page.getByRole("heading", { name: "Queue" }).waitFor();
  watched.good("a daemon that is away is said to be, and found again");
  await watched.close(page);
}
