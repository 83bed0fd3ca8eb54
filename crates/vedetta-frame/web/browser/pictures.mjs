// The pictures of the documents.

import { statSync } from "node:fs";
import { join } from "node:path";
import { addPasskey } from "./hands.mjs";

const OFFICER = "turno-cnaipic";
const TOWN = "referente-comune-054039";
/** Who is in them. */
export const SITTERS = [OFFICER, TOWN];
const [DAY, NIGHT] = ["day", "night"].map((theme) => ["it", theme, "desk"]);
const PHONE = ["it", "day", "phone"];
const RANSOM = ["/incidents?text=riscatto", ".line-link"];

// Name, who, in which way, which page, and what is opened from there, one after the other; `at`, what the
// picture begins with.
const SHOTS = [
  ["situation-night", OFFICER, NIGHT, ["/"]],
  ["queue-night", OFFICER, NIGHT, ["/queue"]],
  ["incident-day", OFFICER, DAY, RANSOM],
  ["files-day", OFFICER, DAY, RANSOM, { at: "#files" }],
  ["clocks-day", OFFICER, DAY, ["/clocks"]],
  ["draft-day", OFFICER, DAY, [...RANSOM, "main a[href$='/clocks']", "a[href$='/clocks/nis2/pre-notification']"]],
  ["alarms-night", OFFICER, NIGHT, ["/alarms"]],
  ["run-day", OFFICER, DAY, [...RANSOM, "a[href*='/runs/']"]],
  ["findings-night", OFFICER, NIGHT, ["/findings"]],
  ["duty-day", OFFICER, DAY, ["/duty"]],
  ["postures-day", OFFICER, DAY, ["/postures"]],
  ["holds-day", OFFICER, DAY, ["/holds"]],
  ["warning-day", OFFICER, DAY, ["/warnings", ".line-link:has-text('False fatture')"]],
  ["mail-night", OFFICER, NIGHT, ["/mail?verdict=malicious", ".line-link"]],
  ["item-day", OFFICER, DAY, ["/items?text=server", ".line-link:has-text('raccoglie')"]],
  ["wall-night", OFFICER, ["it", "night", "wall"], ["/wall?tlp=AMBER"]],
  ["sharing-day", OFFICER, DAY, ["/sharing"]],
  ["concerns-phone", TOWN, PHONE, ["/concerns"]],
  ["items-phone", TOWN, PHONE, ["/items"]],
  ["question-phone", TOWN, PHONE, ["/mail/questions"]],
];

// What the demonstration's story ends with.
const TOLD = "Mittente dei messaggi";
/** Octets of a picture, and of all of them. */
const [EACH, ALL] = [250_000, 6_000_000];

/** Takes them; says how many. */
export async function pictures({ base, open, people, accounts, directory, failed }) {
  const story = await open(people[OFFICER], DAY);
  await story.goto(`${base}/items`);
  await story.waitForSelector(`.line-title:has-text("${TOLD}")`, { timeout: 300000 });
  await story.context().close();
  let all = 0;
  const take = async (page, name, at) => {
    await page.evaluate(() => document.fonts.ready);
    await page.evaluate((at) => document.querySelector(at)?.scrollIntoView(), at);
    await page.waitForTimeout(400);
    const path = join(directory, `${name}.png`);
    await page.screenshot({ path });
    const { size } = statSync(path);
    all += size;
    if (size > EACH) failed(`picture ${name}`, `${size} octets, more than ${EACH}`);
    console.log(`picture: ${name}, ${Math.ceil(size / 1000)} kB`);
  };
  for (const [name, account, way, [address, ...links], { at } = {}] of SHOTS) {
    const page = await open(people[account], way);
    try {
      await page.goto(base + address, { waitUntil: "load" });
      for (const link of links) await Promise.all([page.waitForNavigation(), page.click(link)]);
      if (at) await page.waitForSelector(at);
      await take(page, name, at ?? "html");
    } catch (error) {
      failed(`picture ${name}`, error.message.split("\n")[0]);
    }
    await page.context().close();
  }
  // The last: it is made on the way.
  const { page } = await addPasskey({ base, open, accounts, person: people[OFFICER], way: DAY, name: "Portatile della sala" });
  await take(page, "passkeys-day", "html");
  await page.context().close();
  if (all > ALL) failed("pictures", `${all} octets together, more than ${ALL}`);
  return SHOTS.length + 1;
}
