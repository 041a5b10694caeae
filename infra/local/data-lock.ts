import { rmSync } from "node:fs";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Child, childrenOf, endOrphans } from "./orphans.ts";
import { StackError } from "./settings.ts";

/** Who holds a data folder, and what he started: redis-server and the runtime outlive him when he is killed. */
interface Holder {
  readonly pid: number;
  readonly children: readonly Child[];
}

export interface DataLock {
  /** Writes down what this process has started, for whoever comes after its sudden end. */
  recordChildren(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Keeps a second stack off a data folder, by a file with the holder's process id.
 * A file whose process has died is taken over, and what that process left running is ended.
 * @throws StackError when another stack runs on it
 */
export async function lockDataDir(dataDir: string): Promise<DataLock> {
  const path = join(dataDir, "lock");
  const { pid, children } = parseHolder(await readFile(path, "utf8").catch(() => ""));
  if (pid > 0 && pid !== process.pid && isAlive(pid)) {
    throw new StackError(
      `another stack (process ${pid}) runs on the data folder ${dataDir}. Stop it, or set FRESHET_DATA_DIR to another folder.`,
    );
  }
  endOrphans(children);
  const file = await open(path, "w");
  await file.writeFile(JSON.stringify({ pid: process.pid, children: [] }));
  await file.close();
  const abandon = () => rmSync(path, { force: true });
  process.once("exit", abandon);
  return {
    async recordChildren() {
      const holder = { pid: process.pid, children: childrenOf(process.pid) };
      await writeFile(path, JSON.stringify(holder));
    },
    async release() {
      process.off("exit", abandon);
      await rm(path, { force: true });
    },
  };
}

function parseHolder(text: string): Holder {
  try {
    const { pid = 0, children = [] }: Partial<Holder> = JSON.parse(text);
    return { pid, children };
  } catch {
    return { pid: 0, children: [] };
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
