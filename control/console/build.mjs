// build.mjs PACKAGES OUT: bundles src/ into OUT/assets.cpp, with the hash of its content in the name
// of each file, and writes OUT/assets.d, which says what they came from. PACKAGES is the folder in
// which npm installed node_modules.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { embed } from "./embed.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [packages, out] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(packages, "package.json"))("esbuild");

const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: { console: "src/main.js", style: "src/style/main.css", icon: "src/icon.svg" },
    loader: { ".svg": "copy" },
    nodePaths: [join(packages, "node_modules")],
    outdir: out,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome109", "firefox115", "safari16.4"],
    legalComments: "inline",
    metafile: true,
    write: false,
    logLevel: "warning",
});

const hashOf = (body) => createHash("sha256").update(body).digest("hex").slice(0, 16);

const types = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
};

// The bundler's own hashes depend on where the packages are; these are of the content alone, so that
// every instance of a version serves the same names.
const built = Object.entries(result.metafile.outputs).map(([path, { entryPoint }]) => {
    const place = resolve(here, path);
    const body = result.outputFiles.find((file) => file.path === place).contents;
    const [hash, extension] = [hashOf(body), extname(path)];
    const name = `${basename(path, extension)}-${hash}${extension}`;
    return { source: entryPoint, name, type: types[extension], hash, body };
});

// The page names the other files as they are called in the sources.
let page = readFileSync(join(here, "index.html"), "utf8");
for (const { name, source } of built) {
    page = page.replace(source, `/console/${name}`);
}
if (page.includes('"src/')) {
    throw new Error("index.html names a file that is not built");
}
const body = Buffer.from(page);
const html = { name: "index.html", type: "text/html; charset=utf-8", hash: hashOf(body), body };
writeFileSync(join(out, "assets.cpp"), embed([html, ...built]));

const inputs = Object.keys(result.metafile.inputs).map((path) => resolve(here, path));
const escaped = inputs.map((path) => path.replaceAll(" ", "\\ "));
writeFileSync(join(out, "assets.d"), `${join(out, "assets.cpp")}: ${escaped.join(" ")}\n`);
