// Which pages there are for whom: those that the header leads to, and those that these lead to.

const OPEN = ["/sign-in", "/accessibility", "/privacy"];
const ALWAYS = ["/", "/help", "/account", "/accessibility", "/privacy"];
// Words of addresses; every other part is the name of something, and one page of each kind is enough.
const WORDS = /^(new|edit|why|clocks|runs|documents|questions|report|campaigns|contacts|assets|steps)$/;
const kind = (address) => {
  const [first, ...rest] = address.split("?")[0].split("/").slice(1);
  return [first, ...rest.map((part) => (WORDS.test(part) ? part : "*"))].join("/");
};

export async function pagesOf(page, base, account) {
  if (account === null) return OPEN;
  await page.goto(`${base}/`);
  const links = (selector) => page.evaluate((selector) =>
    Array.from(document.querySelectorAll(selector), (link) => link.getAttribute("href")), selector);
  const ways = await links(".ways a");
  const found = new Map();
  const remember = (addresses) => {
    for (const address of addresses) {
      const inside = address?.startsWith("/") && !address.startsWith("/api/") && !address.startsWith("/assets/");
      const file = /[?&](as|form)=/.test(address ?? "") || /\/(message|files\/.*)$/.test(address ?? "");
      if (inside && !file && !address.includes("said=") && !found.has(kind(address))) found.set(kind(address), address);
    }
  };
  remember([...ALWAYS, ...ways]);
  const seen = new Set();
  for (let depth = 0; depth < 3; depth += 1) {
    for (const address of [...found.values()].filter((it) => !seen.has(it))) {
      seen.add(address);
      await page.goto(base + address);
      remember([...await links(".ways a"), ...await links("main a")]);
    }
  }
  return [...found.values()];
}
