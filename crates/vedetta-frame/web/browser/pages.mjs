// Which pages there are for whom: those that the header leads to, and those that these lead to.

const OPEN = ["/sign-in", "/accessibility", "/privacy"];
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
