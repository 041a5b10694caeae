import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  convertV4MiniflareOptions,
  Log,
  LogLevel,
  Miniflare,
  type V4MiniflareOptions,
} from "miniflare";
import type { BuiltWorker } from "../build/build.ts";
import { localS3Options } from "./s3.ts";
import { StackError, type StackSettings } from "./settings.ts";
import { shieldRuntime } from "./shield-runtime.ts";

/**
 * Starts the built Worker, and the embedded S3 beside it, on a port.
 * @throws StackError when the port is taken
 */
export async function startWorker(
  settings: StackSettings,
  port: number,
  { modules, assetsDir }: BuiltWorker,
  bindings: Record<string, string>,
): Promise<Miniflare> {
  const resources = join(settings.dataDir, "resources");
  await mkdir(resources, { recursive: true });
  const options: V4MiniflareOptions = {
    host: settings.host,
    port,
    cf: false,
    log: new Log(LogLevel.WARN),
    resourcePersistencePath: resources,
    workers: [
      {
        name: "freshet",
        modules: modules.map(({ name, kind, contents }) => ({
          type: kind === "wasm" ? "CompiledWasm" : "ESModule",
          path: name,
          contents: kind === "wasm" ? contents : Buffer.from(contents).toString("utf8"),
        })),
        compatibilityDate: "2026-11-01",
        bindings,
        assets: { directory: assetsDir, routerConfig: { has_user_worker: true } },
        ...localS3Options,
      },
    ],
  };
  try {
    return await shieldRuntime(settings.dataDir, async () => {
      const miniflare = new Miniflare(convertV4MiniflareOptions(options));
      await miniflare.ready;
      return miniflare;
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (!/address already in use|EADDRINUSE/i.test(text)) throw error;
    throw new StackError(`port ${port} on ${settings.host} is in use. Set PORT to another one.`);
  }
}
