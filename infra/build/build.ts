import { copyFile, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "..", "..");
const require = createRequire(import.meta.url);

/** A module of the built Worker, by the name that the bundle imports. */
export interface WorkerModule {
  readonly name: string;
  readonly kind: "esModule" | "wasm";
  readonly contents: Uint8Array;
}

export interface BuiltWorker {
  /** The entry first. */
  readonly modules: readonly WorkerModule[];
  readonly assetsDir: string;
}

/** Where the reference page's script is served from: /docs names it. */
const REFERENCE_ASSET = join("assets", "scalar-api-reference.js");

/**
 * Bundles a Worker: one ES module, the engine's wasm beside it as a compiled
 * module (Workers may not compile at run time), and the assets. Writes only below `outDir`.
 */
export async function buildWorker(
  outDir: string,
  entry = join(ROOT, "functions", "worker.ts"),
): Promise<BuiltWorker> {
  const workerDir = join(outDir, "worker");
  await rm(workerDir, { recursive: true, force: true });
  const wasm = new Map<string, string>();
  await bundle(workerDir, entry, [wasmModules(wasm), leanZod]);
  for (const [name, path] of wasm) await copyFile(path, join(workerDir, name));
  const chunks = (await readdir(workerDir)).filter((name) => /^(?!worker\.js$).*\.js$/.test(name));
  const names = ["worker.js", ...chunks.sort(), ...wasm.keys()];
  const modules = await Promise.all(names.map((name) => readModule(workerDir, name)));
  return { modules, assetsDir: await copyAssets(outDir) };
}

/**
 * Bundles the entry; what it imports by `import()` becomes a module of its own, run when it is
 * asked for. Compiled it is at every cold start, as all modules are in workerd: so all of them are
 * one bundle, in which nothing is twice.
 */
async function bundle(outdir: string, entry: string, plugins: Plugin[]): Promise<void> {
  await build({
    entryPoints: { worker: entry },
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: "[name]-[hash]",
    format: "esm",
    target: "es2024",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*", "module", "worker_threads"],
    // Workers have a `process`, too; the engine's glue would take them for Node and import the last two of those.
    define: { "globalThis.process": "undefined" },
    minify: true,
    sourcemap: "linked",
    logLevel: "warning",
    plugins,
  });
}

/** Leaves each imported .wasm out of the bundle, as a module of its own. */
const wasmModules = (found: Map<string, string>): Plugin => ({
  name: "wasm-modules",
  setup(bundle) {
    bundle.onResolve({ filter: /\.wasm$/ }, ({ path }) => {
      const name = basename(path);
      found.set(name, require.resolve(path));
      return { path: `./${name}`, external: true };
    });
  },
});

/**
 * zod's messages in fifty languages are a third of the bundle, compiled at each cold start: the
 * API speaks English. Its own compiler makes functions of texts, which Workers forbid, and nobody
 * makes schemas of JSON Schema.
 */
const leanZod: Plugin = {
  name: "lean-zod",
  setup(bundle) {
    bundle.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
    bundle.onLoad(
      { filter: /zod\/v4\/(core\/compile|classic\/from-json-schema)\.js$/ },
      async ({ path }) => ({ contents: withoutBodies(await readFile(path, "utf8")), loader: "js" }),
    );
  },
};

/** A module whose exports are all there, and `undefined`. */
const withoutBodies = (module: string): string =>
  [...module.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)]
    .map(([, name]) => `export const ${name} = undefined;`)
    .join("\n");

async function readModule(dir: string, name: string): Promise<WorkerModule> {
  const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
  return { name, kind, contents: await readFile(join(dir, name)) };
}

async function copyAssets(outDir: string): Promise<string> {
  const assetsDir = join(outDir, "public");
  const target = join(assetsDir, REFERENCE_ASSET);
  await mkdir(join(assetsDir, "assets"), { recursive: true });
  await copyFile(require.resolve("@scalar/api-reference/browser/standalone.js"), target);
  return assetsDir;
}

if (process.argv[1] === import.meta.filename) {
  const outDir = join(ROOT, "dist");
  const { modules, assetsDir } = await buildWorker(outDir);
  for (const { name, contents } of modules) {
    const zipped = gzipSync(contents).byteLength;
    console.log(`${name}  ${contents.byteLength} bytes, ${zipped} gzipped`);
  }
  const { size } = await stat(join(assetsDir, REFERENCE_ASSET));
  console.log(`${REFERENCE_ASSET}  ${size} bytes`);
}
