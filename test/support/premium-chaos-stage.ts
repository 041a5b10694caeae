import type { Served } from "../../bench/support/workerd.ts";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { jobsIn } from "../../infra/local/rest-jobs.ts";
import { startLocalS3 } from "../../infra/local/s3.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";
import { readFixture } from "./fixtures.ts";
import { type InconstantRemote, startInconstantRemote } from "./inconstant-remote.ts";
import { type MortalRedis, startMortalRedis } from "./mortal-redis.ts";
import { putDeployment, putVersion } from "./publish.ts";
import { s3Vars } from "./s3-vars.ts";
import { createWorkerFleet, type WorkerFleet } from "./worker-fleet.ts";

export const MODEL = "chaos";
export const OUTPUT = "prediction";

/** What all runs are played on. */
export interface ChaosStage {
  readonly fleet: WorkerFleet;
  readonly redis: MortalRedis;
  readonly remote: InconstantRemote;
  readonly jobs: JobStore;
  /** Isolates that live through all runs: what a run asks about, they have never heard of. */
  readonly onlookers: readonly Served[];
  /** A row that nobody else asks about; its first feature is the mark. */
  rowOf(mark: number): readonly number[];
  stop(): Promise<void>;
}

/** Of jobs whose holder was killed: the sooner somebody else may have them, the shorter a run. */
const JOB_LEASE_MS = 700;

/** A bucket with one model, whose premium strategy is a remote that answers each time otherwise. */
export async function openChaosStage(): Promise<ChaosStage> {
  const s3 = await startLocalS3();
  const remote = await startInconstantRemote(OUTPUT);
  const redis = await startMortalRedis();
  const { rows, bytes } = readFixture("diabetes-gbr", "1");
  const store = createS3ObjectStore(s3.config, {
    digest: createNodeDigest(),
    clock: createSystemClock(),
    random: Math.random,
  });
  await putVersion(store, MODEL, "1", bytes);
  const premium = {
    ...{ kind: "oip", url: remote.url, reference: "any", timeout_ms: 600 },
    ...{ attempts: 2, backoff_ms: 50, max_concurrency: 6 },
  };
  const strategies = { strategies: { premium } };
  await putDeployment(store, MODEL, 1, { production: { "1": 100 } }, strategies);
  const fleet = await createWorkerFleet({
    ...redis.vars,
    ...s3Vars(s3.config),
    FRESHET_ENV: "dev",
    FRESHET_PUBLIC_SCOPES: "infer,read",
    FRESHET_REMOTE_HOSTS: new URL(remote.url).host,
    JOB_LEASE_MS: `${JOB_LEASE_MS}`,
    // A busy machine is not to be taken for a Redis that is down.
    REDIS_DEADLINE_MS: "5000",
    LOG_LEVEL: "error",
  });
  const onlookers = [await fleet.start(), await fleet.start()];
  return {
    ...{ fleet, redis, remote, onlookers, jobs: jobsIn(redis, "dev") },
    rowOf: (mark) => [mark, ...(rows[mark % rows.length] ?? []).slice(1)],
    async stop() {
      await fleet.stop();
      await redis.stop();
      await remote.stop();
      await s3.stop();
    },
  };
}
