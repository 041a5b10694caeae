import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { errorCodeOf } from "../../error-code.ts";
import { usageFailure } from "../../failure.ts";

/**
 * Keeps a second run from writing into the same results while this one does: a file beside them
 * with the number of the process, which is made only where there is none. One that a process which
 * was killed left behind holds nobody up.
 * @param path of the results, as they are to be called in the end
 * @returns gives it free; harmless when called again
 * @throws CliFailure when another run has it, or there can be none
 */
export function lockOut(path: string): () => void {
  const lock = `${path}.lock`;
  try {
    take(lock);
  } catch (error) {
    if (errorCodeOf(error) !== "EEXIST") throw unwritable(path, error);
    const holder = holderOf(lock);
    if (holder !== undefined && isRunning(holder)) throw taken(path, lock, holder);
    rmSync(lock, { force: true });
    takeAnew(path, lock);
  }
  let isMine = true;
  return () => {
    if (isMine) rmSync(lock, { force: true });
    isMine = false;
  };
}

const take = (lock: string): void => writeFileSync(lock, `${process.pid}\n`, { flag: "wx" });

/** Of two that find an old one at once, one is first. */
function takeAnew(path: string, lock: string): void {
  try {
    take(lock);
  } catch (error) {
    throw errorCodeOf(error) === "EEXIST"
      ? taken(path, lock, holderOf(lock))
      : unwritable(path, error);
  }
}

/** `undefined` where it does not say. */
function holderOf(lock: string): number | undefined {
  try {
    const holder = Number(readFileSync(lock, "utf8"));
    return Number.isSafeInteger(holder) && holder > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's.
    return errorCodeOf(error) === "EPERM";
  }
}

const taken = (path: string, lock: string, holder: number | undefined) =>
  usageFailure(
    `another run${holder === undefined ? "" : `, process ${holder},`} writes into ${path}`,
    `Wait for it, or name another file. If there is none, remove ${lock}.`,
  );

const unwritable = (path: string, error: unknown) =>
  usageFailure(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`);
