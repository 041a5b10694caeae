import { rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Where Miniflare looks for the runtime's program first. */
const VARIABLE = "MINIFLARE_WORKERD_PATH";

/**
 * Lets `start` start the Workers runtime so that Ctrl-C does not reach it: a terminal interrupts
 * every process of the group, and the runtime would end in the middle of the jobs that the stack
 * waits for. A shell that ignores the signal becomes the runtime, which keeps ignoring it (POSIX,
 * `exec`). Miniflare ends it by SIGKILL. On Windows nothing is changed.
 */
export async function shieldRuntime<T>(dataDir: string, start: () => Promise<T>): Promise<T> {
  const before = process.env[VARIABLE];
  if (before !== undefined || process.platform === "win32") return start();
  const path = join(dataDir, "runtime.sh");
  const program = createRequire(import.meta.resolve("miniflare"))("workerd").default;
  // A program that is being written cannot be run: a new file each time.
  await rm(path, { force: true });
  await writeFile(path, `#!/bin/sh\ntrap '' INT\nexec ${quote(program)} "$@"\n`, { mode: 0o700 });
  process.env[VARIABLE] = path;
  try {
    return await start();
  } finally {
    delete process.env[VARIABLE];
  }
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
