import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "./settings.ts";

/**
 * Keeps a second stack off a data folder, by a file with the holder's process id.
 * A file whose process has died is taken over.
 * @returns what lets go of the folder
 * @throws StackError when another stack runs on it
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, "lock");
  const holder = Number(await readFile(path, "utf8").catch(() => ""));
  if (holder > 0 && holder !== process.pid && isAlive(holder)) {
    throw new StackError(
      `another stack (process ${holder}) runs on the data folder ${dataDir}. Stop it, or set FRESHET_DATA_DIR to another folder.`,
    );
  }
  const file = await open(path, "w");
  await file.writeFile(String(process.pid));
  await file.close();
  return () => rm(path, { force: true });
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
