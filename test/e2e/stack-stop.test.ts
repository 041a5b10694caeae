import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Stack, startStack } from "../../infra/local/stack.ts";
import { jobsOf, leaseJob } from "../support/lease-job.ts";
import { must } from "../support/must.ts";
import { describeNeeding } from "../support/skip-loudly.ts";

const DEADLINE_MS = 5_000;
const SCRIPT = join(import.meta.dirname, "..", "support", "stack-with-job.ts");

let dataDir: string;
const undo: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "freshet-stop-"));
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(shutdownMs: number): Promise<Stack> {
  const settings = { host: "127.0.0.1", port: 0, dataDir, adminToken: "a-token", given: {} };
  const stack = await startStack({ ...settings, shutdownMs });
  undo.push(stack.stop);
  return stack;
}

async function jobIn(stack: Stack, id: string) {
  return must(await jobsOf(stack).get(id, DEADLINE_MS));
}

describeNeeding(["redis-server"], "a stack that stops", () => {
  it("waits for the job that is being worked on, which ends as it does", async () => {
    const stack = await start(60_000);
    await leaseJob(stack, "worked-on");
    let isStopped = false;
    const stopping = stack.stop().then(() => {
      isStopped = true;
    });
    // It has to ask Redis before it can know that it may stop; so does this.
    for (let turn = 0; turn < 20; turn += 1) await jobIn(stack, "worked-on");
    expect(isStopped).toBe(false);
    const end = { kind: "completed", durationMs: 5 } as const;
    const jobs = jobsOf(stack);
    expect(must(await jobs.finish("worked-on", "worked-on", end, Date.now(), DEADLINE_MS))).toBe(
      true,
    );
    await stopping;
    expect(await jobIn(await start(0), "worked-on")).toMatchObject({ state: "completed" });
  });

  it("gives back to the queue what is not done in time, no attempt counted", async () => {
    const stack = await start(300);
    await leaseJob(stack, "slow");
    await stack.stop();
    const job = await jobIn(await start(0), "slow");
    expect(job).toMatchObject({ state: "queued", attempt: 0, attempts: 2, work: "{}" });
    expect(job?.timeline.map(({ event }) => event)).toEqual(["enqueued", "started", "handed_over"]);
  });

  it("is ended at once by a second Ctrl-C, and has lost no job", async () => {
    const child = await startChild();
    child.interrupt();
    await child.says("stopping");
    expect(await child.isServing()).toBe(true);
    child.interrupt();
    expect(await child.ended).toBe(130);
    expect(await jobIn(await start(0), "kept")).toMatchObject({ state: "running", attempt: 1 });
  });

  it("has lost no acknowledged job when everything was killed", async () => {
    const child = await startChild();
    child.process.kill("SIGKILL");
    await child.ended;
    // It ends what the killed one left running, Redis among it, by SIGKILL too.
    expect(await jobIn(await start(0), "kept")).toMatchObject({ state: "running", attempt: 1 });
  });
});

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  /** As Ctrl-C in a terminal does: the whole group. */
  interrupt(): void;
  isServing(): Promise<boolean>;
  says(word: string): Promise<void>;
}

/** Another process with a stack on the folder and a job that it acknowledged. */
async function startChild(): Promise<Child> {
  const child = spawn(process.execPath, [SCRIPT, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = new Promise<number | null>((done) => child.once("exit", done));
  undo.push(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let told = "";
  child.stdout.on("data", (text: Buffer) => {
    told += text.toString("utf8");
  });
  const says = (word: string) => expect.poll(() => told, { timeout: 60_000 }).toContain(word);
  await says("ready");
  const [, url = ""] = /ready (\S+)/.exec(told) ?? [];
  return {
    process: child,
    ended,
    says,
    interrupt: () => void process.kill(-(child.pid ?? 0), "SIGINT"),
    isServing: async () => (await fetch(`${url}/health/live`)).ok,
  };
}
