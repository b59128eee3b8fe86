// build.mjs PACKAGES OUT: bundles src/ into OUT/files, each under a name with the hash of its
// content, and writes OUT/assets.cpp with all of them and OUT/assets.d, which says what they came
// from. PACKAGES is the folder in which npm installed node_modules.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { embed } from "./embed.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [packages, out] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(packages, "package.json"))("esbuild");

const files = join(out, "files");
rmSync(files, { recursive: true, force: true });
mkdirSync(files, { recursive: true });

const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: { console: "src/main.js", style: "src/style/main.css", icon: "src/icon.svg" },
    loader: { ".svg": "copy" },
    nodePaths: [join(packages, "node_modules")],
    outdir: files,
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome109", "firefox115", "safari16.4"],
    legalComments: "inline",
    metafile: true,
    logLevel: "warning",
});

const built = Object.entries(result.metafile.outputs).map(([path, { entryPoint }]) => ({
    path: resolve(here, path),
    name: relative(files, resolve(here, path)),
    source: entryPoint,
}));

// The page names the other files as they are called in the sources.
let page = readFileSync(join(here, "index.html"), "utf8");
for (const { name, source } of built) {
    page = page.replace(source, `/console/${name}`);
}
if (page.includes('"src/')) {
    throw new Error("index.html names a file that is not built");
}
writeFileSync(join(files, "index.html"), page);

const types = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html" };
const assets = ["index.html", ...built.map(({ name }) => name).sort()].map((name) => {
    const body = readFileSync(join(files, name));
    const type = types[extname(name)];
    return {
        name,
        type: type ? `${type}; charset=utf-8` : "image/svg+xml",
        hash: createHash("sha256").update(body).digest("hex").slice(0, 16),
        body,
    };
});
writeFileSync(join(out, "assets.cpp"), embed(assets));

const inputs = Object.keys(result.metafile.inputs).map((path) => resolve(here, path));
const escaped = inputs.map((path) => path.replaceAll(" ", "\\ "));
writeFileSync(join(out, "assets.d"), `${join(out, "assets.cpp")}: ${escaped.join(" ")}\n`);
