// Which pages there are for whom: those that the header leads to, and those that these lead to.

import { readFileSync } from "node:fs";

const OPEN = ["/sign-in", "/sign-in/code", "/accessibility", "/privacy"];
const ALWAYS = ["/", "/help", "/account", "/accessibility", "/privacy"];
// Words of addresses; every other part is the name of something, and one page of each kind is enough.
const WORDS = /^(new|edit|why|clocks|runs|documents|questions|report|campaigns|contacts|assets|steps)$/;
const kind = (address) => {
  const [first, ...rest] = address.split("?")[0].split("/").slice(1);
  return [first, ...rest.map((part) => (WORDS.test(part) ? part : "*"))].join("/");
};

/** Does something with each of a list, some at once. */
export async function together(list, many, does) {
  const rest = [...list];
  const lane = async () => {
    while (rest.length > 0) await does(rest.shift());
  };
  await Promise.all(Array.from({ length: many }, lane));
}

/** Opens each page of an account once by `visit`, which gives the links on it; gives their addresses. */
export async function pagesOf(account, many, visit) {
  const found = new Map((account === null ? OPEN : ALWAYS).map((address) => [kind(address), address]));
  const seen = new Set();
  const remember = (link) => {
    const inside = link?.startsWith("/") && !/^\/(api|assets|ca\.pem)/.test(link) && !link.includes("said=");
    const file = /[?&](as|form)=/.test(link ?? "") || /\/(message|files\/.*)$/.test(link ?? "");
    if (inside && !file && !found.has(kind(link))) found.set(kind(link), link);
  };
  for (let depth = 0; depth < 4; depth += 1) {
    const further = [...found.values()].filter((it) => !seen.has(it));
    for (const address of further) seen.add(address);
    await together(further, many, async (address) => {
      const links = await visit(address);
      if (account !== null && depth < 3) links.forEach(remember);
    });
  }
  return [...found.values()];
}

// What is no page: files, streams, and what leads on to elsewhere.
const NO_PAGES = ["/assets/{version}/{file}", "/live", "/called", "/incidents/{number}/files/{sha256}", "/mail/{case}/message",
  "/sign-in/with/{provider}", "/sign-in/callback"];

/** The pages of the authorisation matrix that none of the addresses is of. */
export function missedBy(addresses) {
  const table = readFileSync(new URL("../../src/access/table.rs", import.meta.url), "utf8");
  const pages = [...table.matchAll(/\bsee\("([^"]+)"/g)].map(([, path]) => path);
  if (pages.length < 50) throw new Error("the table of pages is not read as it is written");
  const variables = (path) => path.split("{").length;
  const of = (address) => pages.filter((path) => {
    const [want, have] = [path, address.split("?")[0]].map((it) => it.split("/"));
    return want.length === have.length && want.every((part, at) => part.startsWith("{") || part === have[at]);
  }).sort((one, other) => variables(one) - variables(other))[0];
  const seen = new Set(addresses.map(of));
  return pages.filter((path) => !seen.has(path) && !NO_PAGES.includes(path));
}
