import fc from "fast-check";
import { expect, it } from "vitest";
import { createMemorySharedCache } from "../../../src/adapters/memory/shared-cache.ts";
import type { CachedPrediction } from "../../../src/core/cache/cached-prediction.ts";
import { writeDocument } from "../../../src/core/cache/prediction-document.ts";
import { RedisPredictions } from "../../../src/core/cache/redis-predictions.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import type { SharedCache } from "../../../src/core/ports/shared-cache.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";

const KEY = "pred:0:key:premium:mark";
const NOW_MS = 1_000_000;
const STALE_MS = 900_000;
const KEPT = { deadlineMs: 1_000, ttlMs: 10_000_000 };

/** A premium answer that no other computation gives. */
const answerOf = (mark: number, createdAtMs: number): CachedPrediction => ({
  model: "large",
  version: "7",
  digest: "",
  askedDigest: "ab".repeat(32),
  strategy: "premium",
  outputs: [makeTensor("sum", "FP32", [1], Float32Array.of(mark))],
  createdAtMs,
  freshUntilMs: createdAtMs + 1_000_000,
  staleUntilMs: createdAtMs + 2_000_000,
});

/** What may stand where several isolates bring an answer at once. */
const standing = fc.constantFrom(
  undefined,
  writeDocument(answerOf(-1, STALE_MS)),
  writeDocument(answerOf(-2, NOW_MS)),
  "no document",
);

/** Each command waits for its turn, and so does its answer. */
function scheduled(inner: SharedCache, scheduler: fc.Scheduler): SharedCache {
  const after =
    <A extends unknown[], T>(command: (...words: A) => Promise<T>) =>
    async (...words: A): Promise<T> => {
      await scheduler.schedule(Promise.resolve(), "command");
      const answer = await command(...words);
      await scheduler.schedule(Promise.resolve(), "answer");
      return answer;
    };
  return {
    ...inner,
    get: after(inner.get),
    set: after(inner.set),
    setIfAbsent: after(inner.setIfAbsent),
    exchange: after(inner.exchange),
  };
}

it("isolates that renew a premium answer in the same moment all get one, and it is the one that stands", async () => {
  await fc.assert(
    fc.asyncProperty(
      standing,
      fc.integer({ min: 2, max: 4 }),
      fc.scheduler(),
      async (before, count, scheduler) => {
        const clock = createManualClock(NOW_MS);
        const memory = createMemorySharedCache(clock);
        if (before !== undefined) await memory.set(KEY, before, KEPT);
        const bring = (mark: number) => {
          const redis = new RedisPredictions({
            sharedCache: scheduled(memory, scheduler),
            deadlineMs: 100,
            clock,
            events: { emit: () => undefined },
          });
          const context = { clock, background: { keep: () => undefined } };
          const prediction = answerOf(mark, NOW_MS + mark);
          return redis.putFirst(context, KEY, { prediction, newerThanMs: STALE_MS + 1 });
        };
        const brought = Promise.all(Array.from({ length: count }, (_, mark) => bring(mark)));
        const answers = await scheduler.waitFor(brought);
        const stands = must(await memory.get(KEY, 1_000));
        for (const answer of answers) {
          expect(answer === undefined ? undefined : writeDocument(answer)).toBe(stands);
        }
      },
    ),
    { numRuns: 200 },
  );
});

it("replaces what others write again and again that is no answer, and gives up in the end", async () => {
  const clock = createManualClock(NOW_MS);
  const memory = createMemorySharedCache(clock);
  let written = 0;
  const vandal: SharedCache = {
    ...memory,
    async exchange(key, value, options) {
      written += 1;
      if (written <= vandals) await memory.set(key, `rubbish ${written}`, KEPT);
      return memory.exchange(key, value, options);
    },
  };
  const context = { clock, background: { keep: () => undefined } };
  const events = { emit: () => undefined };
  const redis = new RedisPredictions({ sharedCache: vandal, deadlineMs: 100, clock, events });
  const prediction = answerOf(1, NOW_MS);
  const put = () => redis.putFirst(context, KEY, { prediction, newerThanMs: NOW_MS });
  let vandals = 3;
  expect(await put()).toBe(prediction);
  [vandals, written] = [1_000, 0];
  expect([await put(), written]).toEqual([undefined, 4]);
});
