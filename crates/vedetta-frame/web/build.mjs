// Builds what the console embeds, into `built/`: one style sheet (Bootstrap Italia as far as the
// templates use it, then ours), the script, fonts, the icon and the map of the regions. What is text is
// there in three forms: as it is, gzip, brotli.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import italy from "@svg-maps/italy";
import { PurgeCSS } from "purgecss";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "built");
const themed = join(here, "node_modules", "bootstrap-italia", "dist");
const crates = join(here, "..", "..");
const templates = ["vedetta-frame", "vedetta-room", "vedetta-console"].map((it) => join(crates, it, "templates"));

const FONTS = {
  "titillium-web-regular.woff2": "Titillium_Web/titillium-web-v10-latin-ext_latin-regular.woff2",
  "titillium-web-600.woff2": "Titillium_Web/titillium-web-v10-latin-ext_latin-600.woff2",
  "titillium-web-700.woff2": "Titillium_Web/titillium-web-v10-latin-ext_latin-700.woff2",
  "roboto-mono-regular.woff2": "Roboto_Mono/roboto-mono-v13-latin-ext_latin-regular.woff2",
};

rmSync(built, { recursive: true, force: true });
mkdirSync(built);

function put(name, bytes) {
  writeFileSync(join(built, name), bytes);
}

function putText(name, text) {
  put(name, text);
  put(`${name}.gz`, gzipSync(text, { level: 9 }));
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  put(`${name}.br`, brotliCompressSync(Buffer.from(text), { params: quality }));
}

const within = (folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
const files = templates.flatMap(within);
const [purged] = await new PurgeCSS().purge({
  content: files.filter((name) => name.endsWith(".html")),
  css: [{ raw: readFileSync(join(themed, "css", "bootstrap-italia.min.css"), "utf8") }],
  variables: true,
  keyframes: true,
  fontFace: true,
});
const own = ["console.css", "wall.css"].map((name) => readFileSync(join(here, name), "utf8"));
putText("console.css", [purged.css, ...own].join("\n"));
for (const name of ["console.js", "notify.js", "passkeys.js"])
  putText(name, readFileSync(join(here, name), "utf8"));
putText("icon.svg", readFileSync(join(here, "icon.svg"), "utf8"));
const outlines = italy.locations.map(({ name, path }) => ({ name, path }));
put("italy.json", JSON.stringify(outlines));
for (const [name, from] of Object.entries(FONTS)) {
  put(name, readFileSync(join(themed, "fonts", from)));
}
const weight = (name) => readFileSync(join(built, name)).length;
for (const name of ["console.css", "console.css.br", "console.js.br", "italy.json"]) {
  console.log(`${name}: ${weight(name)} octets`);
}
