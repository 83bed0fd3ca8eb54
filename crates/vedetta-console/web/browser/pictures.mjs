// The pictures of the documents.

import { join } from "node:path";

const SHOTS = [
  ["situation-night", "turno-cnaipic", "/", ["it", "night", "desk"]],
  ["items-day", "turno-cnaipic", "/items", ["en", "day", "desk"]],
];

export async function pictures({ base, open, people, directory }) {
  for (const [name, account, address, way] of SHOTS) {
    const page = await open(people[account], way);
    await page.goto(base + address, { waitUntil: "load" });
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(directory, `${name}.png`) });
    await page.context().close();
  }
}
