// Builds the front-end assets: app/static/{css,js,img} -> app/static/build.
//
//   npm run build     once; fails when a budget is broken
//   npm run watch     again after each change
//
// 1. esbuild bundles css/main.css and js/main.js; the charts become a chunk of their own.
// 2. The icons named in img/icons.txt ("ours" or "ours=theirs") are gathered from Tabler Icons into one sprite.
// 3. Every name gets a hash of its content; manifest.json maps "app.css" to "app-1A2B3C4D.css".
// 4. Text files get .gz and .br neighbours, so that the server never compresses them itself.
// 5. The folder is swapped in whole: a half-built one is never served.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { watch } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const STATIC = join(ROOT, "app", "static");
const TARGET = join(STATIC, "build");
const ICONS = join(ROOT, "node_modules", "@tabler", "icons", "icons", "outline");

// The last Chrome for Windows 7 is 109 and many county offices run Chromium forks that are older still.
const BROWSERS = ["chrome88", "edge88", "firefox90", "safari14.1"];

// Compressed bytes (gzip, the larger of the two). A page's HTML comes on top of FIRST_LOAD.
const KB = 1024;
const BUDGETS = [
  { name: "first load", limit: 60 * KB, files: (name) => !isChart(name) },
  { name: "charts", limit: 220 * KB, files: isChart },
];

function isChart(name) {
  return name.startsWith("chart-");
}

async function bundle(folder) {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: { app: "app/static/js/main.js", style: "app/static/css/main.css" },
    outdir: folder,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    target: BROWSERS,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  const names = {};
  for (const [path, output] of Object.entries(result.metafile.outputs)) {
    if (output.entryPoint === "app/static/js/main.js") names["app.js"] = basename(path);
    if (output.entryPoint === "app/static/css/main.css") names["app.css"] = basename(path);
  }
  return names;
}

async function sprite() {
  const listed = (await readFile(join(STATIC, "img", "icons.txt"), "utf8")).split(/\s+/).filter(Boolean);
  const symbols = await Promise.all(
    listed.map(async (line) => {
      const [name, drawing = name] = line.split("=");
      const svg = await readFile(join(ICONS, `${drawing}.svg`), "utf8");
      const shapes = svg
        .slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"))
        .replace(/<path stroke="none"[^>]*\/>/g, "")
        .replace(/\s*\n\s*/g, "");
      return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

async function place(folder, name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const extension = extname(name);
  const hashed = `${basename(name, extension)}-${hash}${extension}`;
  await writeFile(join(folder, hashed), content);
  return hashed;
}

async function images(folder) {
  const names = { "icons.svg": await place(folder, "icons.svg", await sprite()) };
  for (const name of await readdir(join(STATIC, "img"))) {
    if (extname(name) === ".txt") continue;
    names[name] = await place(folder, name, await readFile(join(STATIC, "img", name)));
  }
  return names;
}

async function compress(folder) {
  const sizes = {};
  for (const name of (await readdir(folder)).sort()) {
    if (![".css", ".js", ".svg"].includes(extname(name))) continue;
    const content = await readFile(join(folder, name));
    const gzip = gzipSync(content, { level: 9 });
    const brotli = brotliCompressSync(content);
    await writeFile(join(folder, `${name}.gz`), gzip);
    await writeFile(join(folder, `${name}.br`), brotli);
    sizes[name] = { gzip: gzip.length, brotli: brotli.length };
  }
  return sizes;
}

function report(sizes) {
  const kilobytes = (bytes) => `${(bytes / KB).toFixed(1)} KB`.padStart(9);
  for (const [name, { gzip, brotli }] of Object.entries(sizes)) {
    console.log(`${name.padEnd(28)} gzip ${kilobytes(gzip)}  brotli ${kilobytes(brotli)}`);
  }
  return BUDGETS.map(({ name, limit, files }) => {
    const total = Object.keys(sizes).filter(files).reduce((sum, file) => sum + sizes[file].gzip, 0);
    const kept = total <= limit;
    console.log(`${kept ? "ok  " : "OVER"} ${name}: ${kilobytes(total).trim()} of ${kilobytes(limit).trim()}`);
    return kept;
  }).every(Boolean);
}

async function assets() {
  const folder = `${TARGET}.new`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const manifest = { ...(await bundle(folder)), ...(await images(folder)) };
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest, null, 2));
  const kept = report(await compress(folder));
  await rm(TARGET, { recursive: true, force: true });
  await rename(folder, TARGET);
  return kept;
}

async function once() {
  try {
    return await assets();
  } catch (error) {
    console.error(`assets: ${error.errors ? "see above; nothing was replaced" : error.message}`);
    return false;
  }
}

if (!(await once())) process.exitCode = 1;

if (process.argv.includes("--watch")) {
  let waiting;
  for (const part of ["css", "js", "img"]) {
    watch(join(STATIC, part), () => {
      clearTimeout(waiting);
      waiting = setTimeout(once, 100);
    });
  }
}
