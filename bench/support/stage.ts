import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWorker } from "../../infra/build/build.ts";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { startLocalS3 } from "../../infra/local/s3.ts";
import { publishExamples } from "../../infra/local/seed.ts";
import type { S3Config } from "../../src/adapters/s3/config.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { s3Vars } from "../../test/support/s3-vars.ts";
import { ChildProcesses } from "./child-processes.ts";
import { layOut, type WorkerOnDisk } from "./workerd.ts";

/** What every scenario plays on: one S3 with the example models, a folder, and its processes. */
export interface Stage {
  readonly children: ChildProcesses;
  readonly s3: S3Config;
  readonly store: ObjectStore;
  /** The variables that lead a Worker to the stage's S3. */
  readonly storeVars: Readonly<Record<string, string>>;
  /** Bundles a Worker as `npm run build` does and lays it out to be served. */
  prepare(
    name: string,
    entry: string,
    vars: Readonly<Record<string, string>>,
  ): Promise<WorkerOnDisk>;
  close(): Promise<void>;
  /** For a process that exits at once: synchronous, idempotent. */
  abandon(): void;
}

/** Starts the S3 and publishes the example models into it. */
export async function openStage(): Promise<Stage> {
  const s3 = await startLocalS3();
  const deps = { digest: createNodeDigest(), clock: createSystemClock(), random: Math.random };
  const store = createS3ObjectStore(s3.config, deps);
  await publishExamples(store);
  const dir = mkdtempSync(join(tmpdir(), "freshet-bench-"));
  const children = new ChildProcesses();
  const abandon = () => {
    children.killAll();
    rmSync(dir, { recursive: true, force: true });
  };
  return {
    children,
    s3: s3.config,
    store,
    storeVars: s3Vars(s3.config),
    async prepare(name, entry, vars) {
      const { modules } = await buildWorker(join(dir, "build", name), entry);
      return layOut({ dir: join(dir, name), modules, vars });
    },
    async close() {
      abandon();
      await s3.stop();
    },
    abandon,
  };
}
