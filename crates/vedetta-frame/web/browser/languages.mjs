// Whether a page says something in another language than its own.
//
// A word is of one language where the sentences of the pages (`vedetta-words`) use it in that language alone, or
// where it is one of the commonest of it. What people typed is in the language in which they typed it: the
// demonstration's own texts, and the seed's, are left out, word by word with their neighbours.

import { readFileSync, readdirSync } from "node:fs";

const crates = new URL("../../../", import.meta.url);
/** Common words that no sentence of the pages happens to use, or that both languages' sentences quote. */
const COMMON = {
  en: "the of and is are with from not has have by was were which this that there its who what when how they their you "
    + "your our been will would should could because between before after since until about into indicates uses "
    + "targets mitigates related attributed exploits delivers link links early warning machine unknown none never ago",
  it: "il lo gli le di del della dei degli delle nel nella nei nelle sul sulla dal dalla al alla ai alle con che chi "
    + "non sono questo questa quello quella perché quando dove anche ancora già più dopo prima fra tra sua suo loro",
};
/** Words of both languages, and names. */
const BOTH = new Set(("a access account administrator ai alias antivirus audit backup badge base be browser by case cc chat clear client "
  + "come computer cookie data database desk do due e email false feed file firewall fine firmware framework gateway ha hardware hash "
  + "host i ict id in include internet italia java javascript live log mail malware me media more no node note o on online owner "
  + "password patch peer per phishing playbook pin point ponte portal privacy procedure processor prove provider proxy qr ransomware "
  + "rapid re relay report root router rsit run server si software so spam sole spyware standard switch test team token toml trojan "
  + "tutorial url utc video virtual virus war web webhook wiper zero english italiano").split(" "));

/** A text as words and what is between them: names of things, addresses and numbers are none. */
function words(text) {
  return text.toLowerCase().replace(/[’']/g, "' ").split(/\s+/)
    .map((it) => it.replace(/^[^\p{L}\d]+|[^\p{L}\d]+$/gu, "")).filter((it) => it !== "");
}
const isWord = (it) => /^\p{L}+(-\p{L}+)*$/u.test(it);

function filesOf(folder, ends) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const at = new URL(`${entry.name}${entry.isDirectory() ? "/" : ""}`, folder);
    return entry.isDirectory() ? filesOf(at, ends) : ends.test(entry.name) ? [readFileSync(at, "utf8")] : [];
  });
}

/** The words of the sentences of the pages that are of one language alone. */
function ofOne() {
  const all = { it: new Set(), en: new Set() };
  const text = '"(?:[^"\\\\]|\\\\.)*"(?: \\| "(?:[^"\\\\]|\\\\.)*")?';
  const sentence = new RegExp(`^ {4}\\w+(?:\\[\\w+\\])?(?:\\([^)]*\\))?: (${text}) / (${text}),$`, "gm");
  for (const source of filesOf(new URL("vedetta-words/src/", crates), /\.rs$/)) {
    for (const [, it, en] of source.matchAll(sentence)) {
      for (const [language, said] of [["it", it], ["en", en]]) {
        words(said.replace(/\{\w+\}/g, " ")).filter(isWord).forEach((word) => all[language].add(word));
      }
    }
  }
  if (all.it.size < 1000 || all.en.size < 1000) throw new Error("the sentences are not read as they are written");
  const alone = (one, other) => new Set([...[...all[one]].filter((it) => !all[other].has(it)), ...COMMON[one].split(" ")]
    .filter((it) => !BOTH.has(it) && it.length > 1));
  return { it: alone("it", "en"), en: alone("en", "it") };
}

/** What is typed: in the demonstration, the seed and its contacts, and as names of authorities. */
function typed() {
  const literals = (text) => [...text.replace(/^\s*\/\/.*$/gm, "").matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, it]) => it);
  const texts = [
    ...filesOf(new URL("vedetta-demo/src/", crates), /\.(rs|json)$/).flatMap(literals),
    ...filesOf(new URL("vedetta-directory/src/", crates), /^(seed|acts)\.rs$/).flatMap(literals),
    ...filesOf(new URL("../seed/", crates), /\.(csv|toml|json)$/).flatMap((text) => text.split(/[\n,;"]/)),
    ...filesOf(new URL("vedetta-desk/regimes/", crates), /\.toml$/).flatMap((text) => text.match(/^(recipient|source) = ".*"$/gm)),
  ];
  const [known, names] = [new Set(), new Set()];
  for (const text of texts) {
    // One small English word alone is a name of ours, which pages have to translate.
    if (/^[a-z_-]+$/.test(text.trim())) {
      names.add(text.trim());
      continue;
    }
    const said = ["", ...words(text.replace(/\\n|\\\s*\n\s*/g, " ").replace(/\{[^}]*\}/g, " filled-in ")), ""];
    for (let at = 1; at < said.length; at += 1) {
      known.add(`${said[at - 1]} ${said[at]}`);
      // Beside what is filled in there may be anything.
      if (said[at] === "filled-in") known.add(said[at - 1]).add(said[at + 1]);
    }
  }
  return { known, names };
}

const alone = ofOne();
const { known, names } = typed();

/** The texts of a page that are said in its own language: no code, nothing that is quoted or another's. */
export function textsOf(page) {
  return page.evaluate(() => {
    const own = document.documentElement.lang;
    const said = [];
    const skip = (it) => it.closest("script, style, pre, code, q, .mono, .said-text, .weights, textarea") !== null
      || (it.closest("[lang]")?.lang ?? own) !== own;
    const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      if (!skip(node.parentElement)) said.push(node.textContent);
    }
    for (const it of document.querySelectorAll("[aria-label], [title], [placeholder], [alt], [data-label]")) {
      if (skip(it)) continue;
      for (const name of ["aria-label", "title", "placeholder", "alt", "data-label"]) {
        if (it.hasAttribute(name)) said.push(it.getAttribute(name));
      }
    }
    return { own, said: [...new Set(said.map((it) => it.trim()))].filter((it) => it !== "") };
  });
}

/** Those of its texts that are in another language, with the words that tell it. */
export function foreign({ own, said }) {
  const other = alone[own === "it" ? "en" : "it"];
  return said.flatMap((text) => {
    const all = ["", ...words(text), ""];
    const found = all.filter((word, at) => other.has(word) && !known.has(word) && !(own === "en" && names.has(word))
      && !known.has(`${all[at - 1]} ${word}`) && !known.has(`${word} ${all[at + 1]}`));
    return found.length > 0 ? [{ text: text.replace(/\s+/g, " ").slice(0, 160), found: [...new Set(found)] }] : [];
  });
}
