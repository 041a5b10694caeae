import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lockDataDir } from "../../infra/local/data-lock.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "freshet-lock-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** No process has it: ids end below. */
const NOBODY = 2 ** 30;

/** A process that outlives its stack, until somebody ends it. */
function startOrphan() {
  const child = spawn("sleep", ["300"], { stdio: "ignore" });
  const ended = new Promise<"ended">((done) => child.once("exit", () => done("ended")));
  return { pid: child.pid, ended, kill: () => child.kill("SIGKILL") };
}

const lock = (pid: number, children: readonly object[]) =>
  writeFile(join(dir, "lock"), JSON.stringify({ pid, children }));

it("ends what a stack left running that was killed", async () => {
  const orphan = startOrphan();
  await lock(NOBODY, [{ pid: orphan.pid, command: "sleep 300" }]);
  const { release } = await lockDataDir(dir);
  expect(await orphan.ended).toBe("ended");
  await release();
});

it("leaves alone what has only the same process id", async () => {
  const other = startOrphan();
  await lock(NOBODY, [{ pid: other.pid, command: "redis-server 127.0.0.1:6379" }]);
  const { release } = await lockDataDir(dir);
  const soon = new Promise((done) => setTimeout(() => done("alive"), 300));
  expect(await Promise.race([other.ended, soon])).toBe("alive");
  other.kill();
  await release();
});

it("writes down what this process has started", async () => {
  const child = startOrphan();
  const { recordChildren, release } = await lockDataDir(dir);
  await recordChildren();
  const { pid, children } = JSON.parse(await readFile(join(dir, "lock"), "utf8"));
  expect(pid).toBe(process.pid);
  expect(children).toContainEqual({ pid: child.pid, command: "sleep 300" });
  child.kill();
  await release();
});

it("keeps a second stack off", async () => {
  await lock(process.ppid, []);
  await expect(lockDataDir(dir)).rejects.toThrow(/another stack/);
});
