import { spawnSync } from "node:child_process";

/** A process that a stack started, by what identifies it: ids are used again. */
export interface Child {
  readonly pid: number;
  readonly command: string;
}

interface Listed extends Child {
  readonly parent: number;
}

/** Every process below this one; empty where there is no `ps`. */
export function childrenOf(pid: number): readonly Child[] {
  const all = listProcesses();
  const found: Child[] = [];
  const parents = [pid];
  for (const parent of parents) {
    for (const each of all) {
      if (each.parent !== parent || each.command.startsWith("ps ")) continue;
      parents.push(each.pid);
      found.push({ pid: each.pid, command: each.command });
    }
  }
  return found;
}

/** Ends those that still run and still are what they were. Waits for nobody. */
export function endOrphans(children: readonly Child[]): readonly Child[] {
  const alive = new Map(listProcesses().map(({ pid, command }) => [pid, command]));
  const orphans = children.filter(({ pid, command }) => alive.get(pid) === command);
  for (const { pid } of orphans) process.kill(pid, "SIGKILL");
  return orphans;
}

function listProcesses(): readonly Listed[] {
  const { stdout } = spawnSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], {
    encoding: "utf8",
  });
  return (stdout ?? "").split("\n").flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*\S)\s*$/.exec(line) ?? [];
    if (pid === undefined || parent === undefined || command === undefined) return [];
    return [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
