import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";

/**
 * Bytes of memory that a process holds: heap, engine and all else; `undefined` where there is no
 * /proc. Source: proc_pid_status(5), VmRSS, in KiB.
 */
export async function residentBytes({
  pid,
}: Pick<ChildProcess, "pid">): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => undefined);
  const held = /^VmRSS:\s*(\d+) kB$/m.exec(status ?? "")?.[1];
  return held === undefined ? undefined : Number(held) * 1024;
}
