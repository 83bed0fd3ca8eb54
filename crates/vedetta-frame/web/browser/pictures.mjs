// The pictures of the documents.

import { join } from "node:path";

// Name, who, which page, in which way, and what is opened from there, one after the other.
const SHOTS = [
  ["situation-night", "turno-cnaipic", "/", ["it", "night", "desk"]],
  ["item-day", "turno-cnaipic", "/items?text=server", ["it", "day", "desk"], ".line-link"],
  ["queue-night", "turno-cnaipic", "/queue", ["it", "night", "desk"]],
  ["duty-day", "turno-cnaipic", "/duty", ["it", "day", "desk"]],
  ["sharing-day", "turno-cnaipic", "/sharing", ["it", "day", "desk"]],
  ["concerns-phone", "referente-comune-054039", "/concerns", ["it", "day", "phone"]],
  ["items-phone", "referente-comune-054039", "/items", ["it", "day", "phone"]],
  ["incident-day", "turno-cnaipic", "/incidents?text=riscatto", ["it", "day", "desk"], ".line-link"],
  ["clocks-day", "turno-cnaipic", "/clocks", ["it", "day", "desk"]],
  ["alarms-night", "turno-cnaipic", "/alarms", ["it", "night", "desk"]],
  ["run-day", "turno-cnaipic", "/incidents?text=riscatto", ["it", "day", "desk"], ".line-link", "a[href*='/runs/']"],
  ["findings-night", "turno-cnaipic", "/findings", ["it", "night", "desk"]],
  ["question-phone", "referente-comune-054039", "/mail/questions", ["it", "day", "phone"]],
  ["warning-day", "turno-cnaipic", "/warnings", ["it", "day", "desk"], ".line-link:has-text('False fatture')"],
  ["mail-night", "turno-cnaipic", "/mail?verdict=malicious", ["it", "night", "desk"], ".line-link"],
  ["wall-night", "turno-cnaipic", "/wall?tlp=AMBER", ["it", "night", "wall"]],
];

// What the demonstration's story ends with.
const TOLD = "Variante vista in Liguria";

export async function pictures({ base, open, people, directory }) {
  const story = await open(people["turno-cnaipic"], ["it", "day", "desk"]);
  await story.goto(`${base}/items`);
  await story.waitForSelector(`.line-title:has-text("${TOLD}")`, { timeout: 300000 });
  await story.context().close();
  for (const [name, account, address, way, ...links] of SHOTS) {
    const page = await open(people[account], way);
    await page.goto(base + address, { waitUntil: "load" });
    for (const link of links) await Promise.all([page.waitForNavigation(), page.click(link)]);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(directory, `${name}.png`) });
    await page.context().close();
  }
}
