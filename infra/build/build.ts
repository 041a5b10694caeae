import { copyFile, mkdir, readFile, rm, stat } from "node:fs/promises";
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
  await build({
    entryPoints: [entry],
    outfile: join(workerDir, "worker.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    minify: true,
    sourcemap: "linked",
    logLevel: "warning",
    plugins: [wasmModules(wasm)],
  });
  for (const [name, path] of wasm) await copyFile(path, join(workerDir, name));
  const names = ["worker.js", ...wasm.keys()];
  const modules = await Promise.all(names.map((name) => readModule(workerDir, name)));
  return { modules, assetsDir: await copyAssets(outDir) };
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
