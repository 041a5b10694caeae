import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";

/** Linux counts in hundredths of a second for every program (sysconf(_SC_CLK_TCK)). */
const TICK_MS = 10;

/**
 * Milliseconds of CPU that a process has used in all its threads; `undefined` where there is
 * no /proc. Unlike throughput it does not depend on who else wants the cores.
 * Source: proc_pid_stat(5), fields 14 and 15.
 */
export async function cpuTimeMs({ pid }: ChildProcess): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the name in parentheses and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
