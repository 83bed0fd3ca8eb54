// What several tasks do with a page.

import assert from "node:assert/strict";

export const DESK = ["it", "day", "desk"];
export const title = () => `Prova del browser ${Date.now()}`;

export async function sent(page, button) {
  await Promise.all([page.waitForNavigation(), page.click(button)]);
}

export async function publish(page, base, name) {
  await page.goto(`${base}/publish`);
  await page.selectOption("#what", "domain");
  await page.fill("#title", name);
  await page.fill("#value", `esempio-${Date.now()}.example`);
  await page.selectOption("#tlp", "GREEN");
  await sent(page, "button[value=preview]");
  assert.ok(await page.locator("#audience").isVisible(), "whom it would reach is shown");
  assert.equal(await page.inputValue("#title"), name, "what was typed is kept");
  await sent(page, "button[value=publish]");
  assert.match(page.url(), /\/items\/indicator--/);
  assert.equal((await page.textContent("h1")).trim(), name);
}

export async function report(page, base, name) {
  await page.goto(`${base}/report`);
  await page.fill("#title", name);
  await page.fill("#words", "Il portale non risponde da questa mattina.");
  await page.fill("#contact", "075 555 0100");
  await sent(page, ".form .btn-wide");
}
