import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWorker } from "../../infra/build/build.ts";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { startLocalS3 } from "../../infra/local/s3.ts";
import { publishExamples } from "../../infra/local/seed.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import { ChildProcesses } from "./child-processes.ts";
import { layOut, type WorkerOnDisk } from "./workerd.ts";

/** What every scenario plays on: one S3 with the example models, a folder, and its processes. */
export interface Stage {
  readonly children: ChildProcesses;
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
  await publishExamples(createS3ObjectStore(s3.config, deps));
  const dir = mkdtempSync(join(tmpdir(), "freshet-bench-"));
  const children = new ChildProcesses();
  const abandon = () => {
    children.killAll();
    rmSync(dir, { recursive: true, force: true });
  };
  return {
    children,
    storeVars: {
      S3_ENDPOINT: s3.config.endpoint,
      S3_BUCKET: s3.config.bucket,
      S3_REGION: s3.config.region,
      S3_ACCESS_KEY_ID: s3.config.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.config.secretAccessKey,
    },
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
