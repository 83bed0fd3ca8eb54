// The pictures of the documents.

import { join } from "node:path";

// Name, who, which page, in which way, and what is opened from there.
const SHOTS = [
  ["situation-night", "turno-cnaipic", "/", ["it", "night", "desk"]],
  ["item-day", "turno-cnaipic", "/items?text=server", ["it", "day", "desk"], ".line-link"],
  ["items-phone", "referente-comune-054039", "/items", ["it", "day", "phone"]],
];

export async function pictures({ base, open, people, directory }) {
  for (const [name, account, address, way, link] of SHOTS) {
    const page = await open(people[account], way);
    await page.goto(base + address, { waitUntil: "load" });
    if (link) await Promise.all([page.waitForNavigation(), page.click(link)]);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(directory, `${name}.png`) });
    await page.context().close();
  }
}
