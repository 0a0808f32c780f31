// Builds the browser's half into dist/: bundled, named by content, compressed ahead of time, with a manifest
// that says which file stands for which source. Run by build_hook.py, after `npm ci`.

import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const SCRIPTS = ["ticket", "canned", "suggest", "list", "page", "help", "offline", "raise"];
const STYLES = ["app", "pages", "board", "files", "help", "ask", "suggest"];
const ENTRIES = [...SCRIPTS.map((name) => `js/${name}.js`), ...STYLES.map((name) => `css/${name}.css`)];
const WORKER = "js/sw/worker.js"; // becomes sw.js, the one file whose name stays: browsers ask for it again by name
const COMPRESSIBLE = new Set([".js", ".css", ".svg", ".json", ".webmanifest", ".txt"]);

/** What is imported when it is first used becomes a file of its own that needs no other: a bundle for each such import.
 *  It shares no state with the page that imports it, so hand it what it needs. */
const later = {
  name: "later",
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, async ({ kind, path: wanted, resolveDir }) => {
      if (kind !== "dynamic-import") return undefined;
      const source = path.relative(process.cwd(), path.join(resolveDir, wanted));
      laterBuilt.set(source, laterBuilt.get(source) ?? bundle([source]));
      const { metafile } = await laterBuilt.get(source);
      return { path: `./${Object.values(named(metafile))[0]}`, external: true };
    });
  },
};
const laterBuilt = new Map();

process.chdir(path.dirname(fileURLToPath(import.meta.url)));
// A folder of its own, moved into place when complete: whoever serves dist/ meanwhile never sees half of it.
const folder = await mkdtemp("dist-");
try {
  const { metafile } = await bundle(ENTRIES);
  const parts = await Promise.all(laterBuilt.values());
  const bundles = [metafile, ...parts.map((part) => part.metafile)];
  const manifest = { ...named(...bundles), ...(await icons()) };
  bundles.push((await worker(manifest)).metafile);
  await writeFile(path.join(folder, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
  await writeFile(path.join(folder, "licenses.txt"), await licenses(bundles));
  for (const name of [...Object.values(manifest), "sw.js"]) await compress(name);
  await chmod(folder, 0o755); // mkdtemp makes it for us alone
  await rm("dist", { recursive: true, force: true });
  await rename(folder, "dist");
  for (const [source, name] of Object.entries(manifest)) console.log(`${source} -> dist/${name}`);
} catch (error) {
  if (!error.errors) throw error;
  process.exitCode = 1; // esbuild has said what is wrong
} finally {
  await rm(folder, { recursive: true, force: true });
}

function bundle(entryPoints) {
  return build({
    ...options(),
    entryPoints,
    outdir: folder,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    format: "esm",
    plugins: [later],
  });
}

/** It knows every other file by name, to have them at hand where there is no network. */
function worker(manifest) {
  const define = { BUILT: JSON.stringify(manifest) };
  return build({ ...options(), entryPoints: [WORKER], outfile: path.join(folder, "sw.js"), format: "iife", define });
}

function options() {
  return {
    bundle: true,
    minify: true,
    target: "es2022",
    legalComments: "none", // licenses.txt carries them
    loader: { ".svg": "file", ".png": "file", ".webp": "file" }, // as files: the page allows no data: addresses
    metafile: true,
    logLevel: "warning",
  };
}

/** Source name to built name, for every entry. */
function named(...bundles) {
  const outputs = bundles.flatMap(({ outputs }) => Object.entries(outputs)).filter(([, output]) => output.entryPoint);
  return Object.fromEntries(outputs.map(([file, { entryPoint }]) => [path.basename(entryPoint), path.basename(file)]));
}

async function icons() {
  const names = (await listed("icons")).filter((name) => !name.startsWith("."));
  const entries = await Promise.all(names.sort().map(async (name) => [name, await icon(name)]));
  return Object.fromEntries(entries);
}

async function icon(name) {
  const content = await readFile(path.join("icons", name));
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  await writeFile(path.join(folder, `${stem}-${hash}${ext}`), content);
  return `${stem}-${hash}${ext}`;
}

/** A compressed copy is kept only where it is smaller. */
async function compress(name) {
  if (!COMPRESSIBLE.has(path.extname(name))) return;
  const file = path.join(folder, name);
  const content = await readFile(file);
  const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  const gzip = gzipSync(content, { level: 9 });
  if (brotli.length < content.length) await writeFile(`${file}.br`, brotli);
  if (gzip.length < content.length) await writeFile(`${file}.gz`, gzip);
}

/** The licences of what is bundled travel with it. */
async function licenses(bundles) {
  const packages = new Set();
  for (const input of bundles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
    if (found) packages.add(found[1]);
  }
  const texts = await Promise.all([...packages].sort().map(licence));
  return texts.join("\n\n");
}

async function licence(name) {
  const home = path.join("node_modules", name);
  const { version, license } = JSON.parse(await readFile(path.join(home, "package.json"), "utf8"));
  const file = (await listed(home)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(path.join(home, file), "utf8") : "";
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

async function listed(directory) {
  await mkdir(directory, { recursive: true });
  return readdir(directory);
}
