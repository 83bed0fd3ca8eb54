// Every page and each role's main tasks in headless Chromium, with axe-core.
//
// node browser/run.mjs [--short] BASE ACCOUNTS.json
// node browser/run.mjs --pictures BASE ACCOUNTS.json DIR
//
// BASE is a node with the demonstration's data, ACCOUNTS the file with its accounts. Exits 1 with what
// failed. In short each person's pages are opened once, in languages, themes and sizes that take turns;
// else each in several. Of pictures it takes those of the documents, and nothing else.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:tls";
import { chromium } from "playwright-core";
import { signIn } from "./people.mjs";
import { foreign, textsOf } from "./languages.mjs";
import { missedBy, pagesOf, together } from "./pages.mjs";
import { staying } from "./staying.mjs";
import { tasks } from "./tasks.mjs";
import { SITTERS, pictures } from "./pictures.mjs";

const words = process.argv.slice(2);
const way = words[0]?.startsWith("--") ? words.shift() : "";
const [short, pictured] = [way === "--short", way === "--pictures"];
const [base, accountsFile, directory] = words;
if (!base || !accountsFile || !["", "--short", "--pictures"].includes(way) || (pictured && !directory)) {
  console.error("Usage: node browser/run.mjs [--short] BASE ACCOUNTS.json | --pictures BASE ACCOUNTS.json DIR");
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
/** Pages open at once. */
const LANES = 2;
const began = Date.now();
/** What failed: each page or task, with what was wrong. */
const failures = new Map();
function failed(what, says) {
  const before = failures.get(what) ?? new Set();
  if (!before.has(says)) console.log(`failed: ${what}: ${says}`);
  failures.set(what, before.add(says));
}
let checks = 0;

/** The key of a node's certificate: the browser takes it for a proven one, as passkeys want. */
async function keyOf(address) {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const key = socket.getPeerX509Certificate().publicKey.export({ type: "spki", format: "der" });
  socket.destroy();
  return createHash("sha256").update(key).digest("base64");
}

/** Addresses of pages that were looked at. */
const swept = [];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    `--ignore-certificate-errors-spki-list=${await keyOf(base)}`],
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
  // A picture is worth the wait on a busy machine; a page that is looked at is not.
  if (pictured) context.setDefaultTimeout(120_000);
  const cookie = (name, value) => ({ name, value, url: base, secure: true, httpOnly: true, sameSite: "Strict" });
  const cookies = [cookie("__Host-vedetta-language", language), cookie("__Host-vedetta-theme", theme)];
  if (person) cookies.push(cookie("__Host-vedetta", person));
  await context.addCookies(cookies);
  const page = await context.newPage();
  page.on("pageerror", (error) => failed(page.url(), error.message));
  page.on("console", (message) => {
    const ours = message.type() === "error" && !/status of (4\d\d)|net::ERR_INTERNET_DISCONNECTED/.test(message.text());
    if (ours) failed(page.url(), `console: ${message.text()}`);
  });
  return page;
}

async function check(page, what) {
  checks += 1;
  swept.push(new URL(page.url()).pathname);
  const found = await page.evaluate(`${axe}; axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
  for (const violation of found.violations) {
    const where = violation.nodes.slice(0, 3).map((node) => `${node.target.join(" ")}: ${node.failureSummary?.split("\n")[1]?.trim()}`);
    failed(what, `axe ${violation.id}: ${where.join(" | ")}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1);
  if (wide) failed(what, "wider than the screen");
  const hidden = await page.evaluate(() => innerWidth >= 768
    && [...document.querySelectorAll(".ways ul")].some((row) => row.scrollWidth > row.clientWidth + 1));
  if (hidden) failed(what, "ways that one must scroll to");
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
for (const account of pictured ? SITTERS : accounts.secrets.map(([account]) => account)) {
  people[account] = await signIn(open, base, accounts, account);
}
if (pictured) {
  checks += await pictures({ base, open, people, accounts, directory, failed });
  await end();
}
for (const [account, person] of [[null, null], ...Object.entries(people)]) swept.push(...await sweep(account, person));
for (const [name, task] of Object.entries({ ...tasks, ...staying })) {
  checks += 1;
  try {
    await task({ base, open, people, accounts, check });
    console.log(`task: ${name}`);
  } catch (error) {
    failed(`task ${name}`, error.message.split("\n").slice(0, 6).join(" "));
  }
}
// What tasks led to was looked at too.
checks += 1;
for (const path of missedBy(swept)) failed("the sweep", `no role came to ${path}`);
await end();

/** Says how it went. */
async function end() {
  await browser.close();
  console.log(`${checks} checks, ${failures.size} failures, ${seconds()} s`);
  process.exit(failures.size === 0 ? 0 : 1);
}

function seconds() {
  return Math.round((Date.now() - began) / 1000);
}

/** All pages of a person; gives their addresses. */
async function sweep(account, person) {
  const ways = account === MOST && process.env.WAYS !== "two" ? all : two;
  const idle = new Map([...all, ...two].map((way) => [way.join(", "), []]));
  const visit = async (address, way) => {
    const key = way.join(", ");
    const page = idle.get(key).pop() ?? await open(person, way);
    // What a browser keeps of whom a provider named, until the code is given: the page asks for it.
    const attempt = { name: "__Host-vedetta-attempt", value: "named", url: base, secure: true, httpOnly: true, sameSite: "Strict" };
    if (account === null) await page.context().addCookies([attempt]);
    const what = `${address} as ${account ?? "nobody"}, ${key}`;
    try {
      const answer = await page.goto(base + address, { waitUntil: "load" });
      if (answer.status() >= 400) failed(what, answer.status());
      await check(page, what);
      // What a demonstration shows by chance, such as a finding's own name, must keep nothing from landing.
      for (const { text, found } of short ? [] : foreign(await textsOf(page))) {
        failed(what, `another language's ${found.join(", ")}: ${text}`);
      }
      return await page.evaluate(() =>
        Array.from(document.querySelectorAll(".ways a, main a"), (link) => link.getAttribute("href")));
    } catch (error) {
      failed(what, error.message.split("\n")[0]);
      return [];
    } finally {
      idle.get(key).push(page);
    }
  };
  let turn = 0;
  const next = () => (short ? all[turn++ % all.length] : ways[0]);
  const addresses = await pagesOf(account, LANES, (address) => visit(address, next()));
  if (!short) {
    for (const way of ways.slice(1)) await together(addresses, LANES, (address) => visit(address, way));
  }
  for (const page of [...idle.values()].flat()) await page.context().close();
  console.log(`${account ?? "nobody"}: ${addresses.length} pages, ${seconds()} s`);
  return addresses;
}
