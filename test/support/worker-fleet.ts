import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildProcesses } from "../../bench/support/child-processes.ts";
import {
  layOut,
  type Served,
  type ServeOptions,
  serveWorker,
} from "../../bench/support/workerd.ts";
import { buildWorker } from "../../infra/build/build.ts";
import { untilReady } from "../../infra/local/until-ready.ts";

const ENTRY = join(import.meta.dirname, "..", "..", "functions", "local.ts");

/** The built Worker, served by as many processes of workerd as a test wants: one isolate each. */
export interface WorkerFleet {
  /** One more, ready to answer. Its `stop` is SIGKILL. */
  start(options?: ServeOptions): Promise<Served>;
  /** Kills all of them. */
  stop(): Promise<void>;
}

/** Builds the Worker once, with the settings that each of its processes will have. */
export async function createWorkerFleet(
  vars: Readonly<Record<string, string>>,
): Promise<WorkerFleet> {
  const dir = await mkdtemp(join(tmpdir(), "freshet-fleet-"));
  const { modules } = await buildWorker(join(dir, "build"), ENTRY);
  const worker = await layOut({ dir: join(dir, "worker"), modules, vars });
  const children = new ChildProcesses();
  return {
    async start(options) {
      const served = await serveWorker(children, worker, options);
      await untilReady(served.url);
      return served;
    },
    async stop() {
      children.killAll();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Fires the minute's cron of one isolate and waits for its end. */
export async function fireCron({ url }: Pick<Served, "url">): Promise<void> {
  const fired = await fetch(
    `${url}/cdn-cgi/handler/scheduled?cron=${encodeURIComponent("* * * * *")}`,
  );
  if (!fired.ok) throw new Error(`the cron answered ${fired.status}: ${await fired.text()}`);
}
