import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "..", "..");

/** What the modules from CommonJS packages call to get at Node's own. */
const REQUIRE = `import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url);`;

/**
 * Bundles the command line for Node 20 and newer: `cli.js`, which the package's `bin` names, and
 * the parts that only some commands load. Only onnxruntime-web stays outside: its wasm is found
 * beside it at run time.
 */
export async function buildCli(outDir: string): Promise<void> {
  await rm(join(outDir, "cli"), { recursive: true, force: true });
  await build({
    entryPoints: { cli: join(ROOT, "src", "cli", "main.ts") },
    outdir: outDir,
    chunkNames: "cli/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["onnxruntime-web"],
    banner: { js: REQUIRE },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "linked",
    logLevel: "warning",
  });
  await chmod(join(outDir, "cli.js"), 0o755);
}

if (process.argv[1] === import.meta.filename) await buildCli(join(ROOT, "dist"));
