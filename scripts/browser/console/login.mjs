// A daemon that asks for a key: shown the door, let in, kept in, let out. Not here: which keys there are.

import { expect } from "./watched.mjs";

export async function login(watched) {
  const { daemon, key } = watched.options;
  // That a page without a key is refused is what is looked at.
  const page = await watched.open({ forgiven: [/status of 401/] });
  await page.goto(daemon);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await watched.look(page, "login");
  const enter = async (text) => {
    await page.getByLabel("Key").fill(text);
    await page.keyboard.press("Enter");
  };
  await enter("nr_none_of_ours");
  await page.getByRole("alert").waitFor();
  await enter(key);
  await page.getByRole("heading", { name: "Queue" }).waitFor();
  await page.locator(".row").first().waitFor();
  await page.reload();
  await page.locator(".row").first().waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie);
  expect(!kept.includes(key.slice(-8)), "the key lies about in the browser");
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByText("Settings", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  watched.good("a key is asked for, swapped and given back");
  await watched.close(page);
}
