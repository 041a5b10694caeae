import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryJobStore } from "../../src/adapters/memory/job-store.ts";
import { createMemorySharedCache } from "../../src/adapters/memory/shared-cache.ts";
import { readEpoch } from "../../src/core/lifecycle/freshness/announce.ts";
import { fail, ok, type Result } from "../../src/core/model/result.ts";
import { makeTensor } from "../../src/core/model/tensor.ts";
import type { FreshetEvent } from "../../src/core/ports/events.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import type {
  RemoteAnswer,
  RemoteFailure,
  RemoteQuestion,
} from "../../src/core/ports/remote-models.ts";
import type { SharedCache } from "../../src/core/ports/shared-cache.ts";
import type { InferRequest } from "../../src/core/predict/inference.ts";
import { type DrainReport, drainJobs } from "../../src/core/predict/premium/drain-jobs.ts";
import { PremiumDesk } from "../../src/core/predict/premium/premium-desk.ts";
import { ask, fakeModel } from "./ask.ts";
import { createCountingEngine } from "./counting-engine.ts";
import { publish, putDeployment } from "./publish.ts";
import { createTestCore, type TestCore, type TestCoreOptions } from "./test-core.ts";

type Reply = Result<RemoteAnswer, RemoteFailure>;

/** A remote model whose replies a test gives: the sum of a row plus `plus`, or what it says. */
export interface FakeRemote {
  readonly questions: readonly RemoteQuestion[];
  /** What the next questions get; a function may wait. */
  reply: (question: RemoteQuestion) => Promise<Reply>;
}

/** The right answer: 100 more than the fast model's. */
export const better = async ({ inputs }: Pick<RemoteQuestion, "inputs">): Promise<Reply> =>
  ok({ outputs: [sums(inputs, 100)], model: "large", version: "7" });

function sums([input]: RemoteQuestion["inputs"], plus: number) {
  if (input?.datatype !== "FP32") throw new Error("the fake model takes FP32");
  const { data, shape } = input;
  const rows = Float32Array.from({ length: shape[0] ?? 0 }, (_, row) => {
    return (data[2 * row] ?? 0) + (data[2 * row + 1] ?? 0) + plus;
  });
  return makeTensor("sum", "FP32", [rows.length], rows);
}

export const refusal = (reason: RemoteFailure["reason"], mayRetry: boolean) => async () =>
  fail({ reason, mayRetry, detail: "the test said so" });

/** One isolate with a premium strategy, on a bucket, a Redis and a queue that others may share. */
export interface PremiumIsolate {
  readonly core: TestCore;
  readonly desk: PremiumDesk;
  readonly remote: FakeRemote;
  readonly jobs: JobStore | undefined;
  readonly sharedCache: SharedCache | undefined;
  /** Asks for the sum of a row: `fast 3`, `premium 103 (redis)`, `fast 3 job`, or why not. */
  sum(a: number, b: number, changes?: Partial<InferRequest> & { word?: string }): Promise<string>;
  drain(): Promise<DrainReport>;
  /** Steps of premium answers since the last call. */
  steps(): readonly string[];
  /** Lets the background begin and end. */
  inBackground(): Promise<void>;
}

export const STRATEGY = {
  kind: "oip",
  url: "https://gpu.example.com",
  reference: "large@7",
  attempts: 3,
  backoff_ms: 1_000,
  timeout_ms: 20_000,
} as const;

export interface PremiumIsolateOptions extends TestCoreOptions {
  readonly strategy?: object;
  readonly isDurable?: boolean;
  readonly jobs?: JobStore;
}

/** A fresh bucket holds `iris` with the strategy; another isolate's bucket is taken as it is. */
export async function premiumIsolate({
  strategy = STRATEGY,
  isDurable = true,
  ...options
}: PremiumIsolateOptions = {}): Promise<PremiumIsolate> {
  const steps: string[] = [];
  const engine = options.engine ?? createCountingEngine();
  const clockOf: { now?: () => number } = {};
  const sharedCache = isDurable
    ? (options.sharedCache ?? createMemorySharedCache({ now: () => clockOf.now?.() ?? 0 }))
    : undefined;
  const core = createTestCore({
    predictions: {},
    revalidateMs: 10 ** 9,
    ...options,
    engine,
    ...(sharedCache === undefined ? {} : { sharedCache }),
  });
  clockOf.now = core.clock.now;
  if (options.bucket === undefined) {
    await publish(core.bucket, "iris", fakeModel(0));
    await putStrategy(core.bucket, 2, strategy);
  }
  const { predictions } = core.deps;
  if (predictions === undefined) throw new Error("it was asked for");
  const jobs = isDurable ? (options.jobs ?? createMemoryJobStore()) : undefined;
  const questions: RemoteQuestion[] = [];
  const remote: FakeRemote = { questions, reply: better };
  let ids = 0;
  const emit = (event: FreshetEvent) => {
    if (event.kind === "premium") steps.push([event.stage, event.reason ?? []].flat().join(" "));
  };
  const desk = new PremiumDesk({
    serve: core.deps,
    predictions,
    remote: {
      check: () => ok(undefined),
      ask: (_context, question) => {
        questions.push(question);
        return remote.reply(question);
      },
    },
    jobs,
    clock: core.clock,
    digest: createNodeDigest(),
    events: { emit },
    newId: () => `${id}-${++ids}`,
    random: () => 0.5,
    counts: new Map(),
    epoch: (deadlineMs) => readEpoch(sharedCache, deadlineMs),
    settings: { redisDeadlineMs: 100, timeoutMs: 20_000, leaseMs: 30_000 },
  });
  const id = `isolate${Math.floor(Math.random() * 1e9)}`;
  const deps = { ...core.deps, premium: desk };
  return {
    core: { ...core, deps },
    desk,
    remote,
    jobs,
    sharedCache,
    async sum(a, b, { word = "iris", ...changes } = {}) {
      const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(a, b))];
      const answer = await ask({ ...core, deps }, word, { inputs, requestId: "r", ...changes });
      if (!answer.ok) return answer.failure.reason;
      const { strategy: by, outputs, cached, job } = answer.value;
      const tier = cached === undefined || cached.tier === "none" ? [] : [`(${cached.tier})`];
      return [by, outputs[0]?.data[0], ...tier, ...(job === undefined ? [] : ["job"])].join(" ");
    },
    drain: () =>
      drainJobs(
        { ...desk.deps, finder: core.deps.finder },
        core.context,
        core.clock.now() + 20_000,
      ),
    steps: () => steps.splice(0),
    async inBackground() {
      await core.clock.advance(0);
      await core.background();
    },
  };
}

export const putStrategy = (
  bucket: ObjectStore,
  rev: number,
  premium: object | undefined,
  production: Readonly<Record<string, number>> = { "1": 100 },
) => putDeployment(bucket, "iris", rev, { production }, { strategies: { premium } });
