import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { startLocalS3 } from "../../infra/local/s3.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import { startWatched, type WatchedWorker } from "./live-memory.ts";
import { numberedModel } from "./numbered-rows.ts";
import { publish } from "./publish.ts";
import { s3Vars } from "./s3-vars.ts";
import { TEST_TOKEN } from "./stack.ts";
import { createWorkerFleet } from "./worker-fleet.ts";

export const NUMBERED = "numbered";

/** A Worker with the model that answers rows by themselves, and its memory. */
export interface NumberedStage {
  readonly worker: WatchedWorker;
  /** Asks for rows of the model. */
  ask(
    body: NonNullable<RequestInit["body"]>,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response>;
  /** Rows that the model has run so far. */
  runs(): Promise<number>;
  /** Rows that were answered from the isolate's cache so far. */
  hits(): Promise<number>;
  stop(): Promise<void>;
}

export async function openNumberedStage(): Promise<NumberedStage> {
  const s3 = await startLocalS3();
  const deps = { digest: createNodeDigest(), clock: createSystemClock(), random: Math.random };
  await publish(createS3ObjectStore(s3.config, deps), NUMBERED, numberedModel());
  const fleet = await createWorkerFleet({
    ...s3Vars(s3.config),
    FRESHET_ENV: "dev",
    FRESHET_PUBLIC_SCOPES: "infer,read",
    FRESHET_ADMIN_TOKEN: TEST_TOKEN,
    LOG_LEVEL: "error",
  });
  const worker = await startWatched(fleet);
  const read = async <T>(path: string): Promise<T> => {
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    return (await (await fetch(worker.url + path, { headers })).json()) as T;
  };
  return {
    worker,
    ask: (body, headers) =>
      fetch(`${worker.url}/v1/models/${NUMBERED}/predict`, {
        method: "POST",
        body,
        headers,
        duplex: "half",
      }),
    async runs() {
      type Stats = { readonly model_stats: readonly { readonly inference_count: number }[] };
      const { model_stats: pages } = await read<Stats>(`/v2/models/${NUMBERED}/stats`);
      return pages.reduce((sum, page) => sum + page.inference_count, 0);
    },
    async hits() {
      type Status = { readonly isolate: { readonly predictions: { readonly hits: number } } };
      return (await read<Status>("/v1/cache/status")).isolate.predictions.hits;
    },
    async stop() {
      await worker.stop();
      await fleet.stop();
      await s3.stop();
    },
  };
}
