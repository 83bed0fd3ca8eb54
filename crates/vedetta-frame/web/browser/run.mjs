// Every page and each role's main tasks in headless Chromium, with axe-core.
//
// node browser/run.mjs BASE ACCOUNTS.json [PICTURES-DIR]
//
// BASE is a node with the demonstration's data, ACCOUNTS the file with its accounts. Exits 1 with what
// failed. With a directory it also takes the pictures of the documents.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { signIn } from "./people.mjs";
import { pagesOf } from "./pages.mjs";
import { tasks } from "./tasks.mjs";
import { pictures } from "./pictures.mjs";

const [base, accountsFile, picturesDir] = process.argv.slice(2);
if (!base || !accountsFile) {
  console.error("Usage: node browser/run.mjs BASE ACCOUNTS.json [PICTURES-DIR]");
  process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sizes = {
  phone: { width: 390, height: 844 },
  small: { width: 1280, height: 720 },
  desk: { width: 1366, height: 850 },
  wall: { width: 1920, height: 1080 },
};
// Language, theme and size: both of each for every page, all pairs for who sees most of them.
const two = [["it", "day", "desk"], ["en", "night", "phone"]];
const all = [...two, ["en", "day", "phone"], ["it", "night", "desk"], ["it", "day", "wall"], ["en", "day", "small"]];
const MOST = "amministratore";
const failures = { all: new Set(), push(what) {
  if (!this.all.has(what)) console.log(`failed: ${what}`);
  this.all.add(what);
} };
let checks = 0;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** A browser of a person, in a language, theme and size; what goes wrong in it is a failure. */
async function open(person, [language, theme, size], options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: sizes[size],
    locale: language,
    reducedMotion: "reduce",
    ...options,
  });
  const cookie = (name, value) => ({ name, value, url: base, secure: true, httpOnly: true, sameSite: "Strict" });
  const cookies = [cookie("__Host-vedetta-language", language), cookie("__Host-vedetta-theme", theme)];
  if (person) cookies.push(cookie("__Host-vedetta", person));
  await context.addCookies(cookies);
  const page = await context.newPage();
  page.on("pageerror", (error) => failures.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const ours = message.type() === "error" && !/status of (4\d\d)/.test(message.text());
    if (ours) failures.push(`${page.url()}: console: ${message.text()}`);
  });
  return page;
}

async function check(page, what) {
  checks += 1;
  const found = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
  for (const violation of found.violations) {
    const where = violation.nodes.slice(0, 3).map((node) => `${node.target.join(" ")}: ${node.failureSummary?.split("\n")[1]?.trim()}`);
    failures.push(`${what}: axe ${violation.id}: ${where.join(" | ")}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1);
  if (wide) failures.push(`${what}: wider than the screen`);
}

/** Waits until the node answers. */
async function ready() {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  for (let tries = 0; tries < 120; tries += 1) {
    const answer = await context.request.get(`${base}/ready`).catch(() => null);
    if (answer?.ok()) return context.close();
    await new Promise((later) => setTimeout(later, 1000));
  }
  throw new Error(`${base} does not answer`);
}

await ready();
const accounts = JSON.parse(readFileSync(accountsFile, "utf8"));
const people = {};
for (const [account] of accounts.secrets) {
  people[account] = await signIn(open, base, accounts, account);
}
// Before the tasks below write entries of their own, and when the demonstration's story is told.
if (picturesDir) await pictures({ base, open, people, directory: picturesDir });
for (const [account, person] of [[null, null], ...Object.entries(people)]) {
  const ways = account === MOST && process.env.WAYS !== "two" ? all : two;
  const probe = await open(person, ways[0]);
  const addresses = await pagesOf(probe, base, account);
  await probe.context().close();
  for (const way of ways) {
    const page = await open(person, way);
    for (const address of addresses) {
      const what = `${address} as ${account ?? "nobody"}, ${way.join(", ")}`;
      try {
        const answer = await page.goto(base + address, { waitUntil: "load" });
        if (answer.status() >= 400) failures.push(`${what}: ${answer.status()}`);
        await check(page, what);
      } catch (error) {
        failures.push(`${what}: ${error.message.split("\n")[0]}`);
      }
    }
    await page.context().close();
    console.log(`${account ?? "nobody"}, ${way.join(", ")}: ${addresses.length} pages`);
  }
}
for (const [name, task] of Object.entries(tasks)) {
  checks += 1;
  try {
    await task({ base, open, people, check });
    console.log(`task: ${name}`);
  } catch (error) {
    failures.push(`task ${name}: ${error.message.split("\n").slice(0, 6).join(" ")}`);
  }
}
await browser.close();
console.log(`${checks} checks, ${failures.all.size} failures`);
process.exit(failures.all.size === 0 ? 0 : 1);
