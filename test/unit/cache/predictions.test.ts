import { describe, expect, it } from "vitest";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import type { Inference, InferRequest } from "../../../src/core/predict/inference.ts";
import { ask, fakeModel } from "../../support/ask.ts";
import { type CountingEngine, createCountingEngine } from "../../support/counting-engine.ts";
import { createGate } from "../../support/gate.ts";
import { settle } from "../../support/manual-clock.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore, type TestCoreOptions } from "../../support/test-core.ts";

const TTL_MS = 60_000;
const STALE_MS = 300_000;

interface Story {
  readonly core: TestCore;
  readonly engine: CountingEngine;
  /** Asks for the sum of a row: `isolate 3`, `miss 3`, or why not. */
  sum(a: number, b: number, changes?: Partial<InferRequest> & { word?: string }): Promise<string>;
  /** Lets the background begin and end. */
  inBackground(): Promise<void>;
}

async function begin(
  options: TestCoreOptions = {},
  engine = createCountingEngine(),
): Promise<Story> {
  const core = createTestCore({ predictions: {}, engine, revalidateMs: 10 ** 9, ...options });
  await publish(core.bucket, "iris", fakeModel(0));
  return {
    core,
    engine,
    async sum(a, b, { word = "iris", ...changes } = {}) {
      const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(a, b))];
      const answer = await ask(core, word, { inputs, ...changes });
      if (!answer.ok) return answer.failure.reason;
      return `${from(answer.value)} ${answer.value.outputs[0]?.data[0]}`;
    },
    async inBackground() {
      await core.clock.advance(0);
      await core.background();
    },
  };
}

function from({ cached }: Inference): string {
  if (cached === undefined) return "off";
  if (cached.tier !== "none") return `${cached.tier}${cached.ttlMs > 0 ? "" : " stale"}`;
  return cached.collapsed ? "joined" : cached.why;
}

const stats = ({ core }: Story) => core.deps.predictions?.stats().isolate;

describe("a prediction", () => {
  it("is computed once for equal inputs while it is fresh", async () => {
    const story = await begin();
    expect(await story.sum(1, 2)).toBe("miss 3");
    await story.core.clock.advance(TTL_MS - 1);
    expect(await story.sum(1, 2)).toBe("isolate 3");
    expect(await story.sum(2, 1)).toBe("miss 3");
    expect(story.engine.runs).toBe(2);
    expect(stats(story)).toMatchObject({ entries: 2, hits: 1, misses: 2, stale: 0 });
  });

  it("says how old it is and how long it holds, and needs no session", async () => {
    const story = await begin();
    await story.sum(1, 2);
    await story.core.clock.advance(7_000);
    story.core.deps.models.unload("iris", "1", "evicted");
    story.core.story();
    const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
    expect(await ask(story.core, "iris", { inputs })).toMatchObject({
      value: {
        loaded: { model: "iris", version: "1", etag: expect.any(String) },
        route: "production:1",
        modelCache: "unused",
        cached: { tier: "isolate", ageMs: 7_000, ttlMs: TTL_MS - 7_000 },
      },
    });
    expect(story.core.story()).toEqual([]);
  });

  it("is not answered from a model that was unloaded before it is loaded again", async () => {
    const story = await begin();
    await story.sum(1, 2);
    story.core.deps.models.unload("iris", "1");
    expect(await story.sum(1, 2)).toBe("isolate 3");
    expect(story.engine.opened).toBe(2);
  });

  it("past its time is answered at once, and made anew once in the background", async () => {
    const story = await begin();
    await story.sum(1, 2);
    await story.core.clock.advance(TTL_MS);
    story.core.story();
    expect(await story.sum(1, 2)).toBe("isolate stale 3");
    expect(await story.sum(1, 2)).toBe("isolate stale 3");
    expect(story.engine.runs).toBe(1);
    await story.inBackground();
    expect(story.engine.runs).toBe(2);
    expect(await story.sum(1, 2)).toBe("isolate 3");
    expect(story.core.story()).toEqual([`stale iris@1 ${TTL_MS} ms`]);
    // Nobody asked for that run: it is an execution, and no request.
    expect(story.core.deps.statistics.page("iris", "1")).toMatchObject({
      executionCount: 2,
      success: { count: 4 },
      cacheHit: { count: 3 },
      cacheMiss: { count: 1 },
    });
  });

  it("that cannot be made anew is answered on until its stale time is over", async () => {
    const story = await begin();
    await story.sum(1, 2);
    await story.core.clock.advance(TTL_MS);
    story.engine.failRuns("rejected_input");
    story.core.story();
    for (let second = 0; second < 3; second += 1) {
      expect(await story.sum(1, 2)).toBe("isolate stale 3");
      expect(await story.sum(1, 2)).toBe("isolate stale 3");
      await story.inBackground();
      await story.core.clock.advance(1_000);
    }
    expect(story.engine.runs).toBe(4);
    const told = story.core.story();
    expect(told).toContain("not renewed iris@1: rejected_input");
    // Nothing was made anew: it must not say so.
    expect(told.filter((line) => line.startsWith("stale"))).toEqual([]);
    expect(stats(story)).toMatchObject({ errors: 3, stale: 6 });
    await story.core.clock.advance(STALE_MS);
    expect(await story.sum(1, 2)).toBe("rejected_input");
    story.engine.failRuns();
    expect(await story.sum(1, 2)).toBe("miss 3");
  });

  it("whose renewal died is renewed by another request half a minute later", async () => {
    const story = await begin();
    await story.sum(1, 2);
    await story.core.clock.advance(TTL_MS);
    story.engine.hold(new Promise(() => undefined));
    await story.sum(1, 2);
    await story.core.clock.advance(0);
    story.engine.hold();
    await story.core.clock.advance(29_000);
    await story.sum(1, 2);
    await story.core.clock.advance(0);
    expect(story.engine.runs).toBe(1);
    await story.core.clock.advance(1_000);
    expect(await story.sum(1, 2)).toBe("isolate stale 3");
    await story.core.clock.advance(0);
    // It follows the dead one's flight, until its own timer lets it lead.
    await story.core.clock.advance(25_000);
    expect(story.engine.runs).toBe(2);
    expect(await story.sum(1, 2)).toBe("isolate 3");
  });

  it("past its stale time is a miss", async () => {
    const story = await begin();
    await story.sum(1, 2);
    await story.core.clock.advance(TTL_MS + STALE_MS);
    expect(await story.sum(1, 2)).toBe("miss 3");
  });

  it.each([
    ["with an engine that waits", createCountingEngine({ waits: true }), "joined"],
    ["with an engine that does not", createCountingEngine(), "isolate"],
  ])("is computed once for 500 requests that find it expired, %s", async (_, engine, others) => {
    const story = await begin({}, engine);
    await story.sum(1, 2);
    await story.core.clock.advance(TTL_MS + STALE_MS);
    const answers = await Promise.all(Array.from({ length: 500 }, () => story.sum(1, 2)));
    expect(engine.runs).toBe(2);
    expect(answers.filter((answer) => answer === "miss 3")).toHaveLength(1);
    expect(answers.filter((answer) => answer === `${others} 3`)).toHaveLength(499);
    expect(story.core.deps.statistics.page("iris", "1")).toMatchObject({
      executionCount: 2,
      success: { count: 501 },
    });
  });

  it("is computed once for 500 requests of a model that nobody has loaded", async () => {
    const story = await begin();
    const answers = await Promise.all(Array.from({ length: 500 }, () => story.sum(1, 2)));
    expect([story.engine.opened, story.engine.runs]).toEqual([1, 1]);
    expect(new Set(answers)).toEqual(new Set(["miss 3", "isolate 3"]));
  });

  it("is computed once for 500 requests when its session has been evicted meanwhile", async () => {
    const story = await begin();
    await story.sum(5, 5);
    story.core.deps.models.unload("iris", "1", "evicted");
    const answers = await Promise.all(Array.from({ length: 500 }, () => story.sum(1, 2)));
    expect([story.engine.opened, story.engine.runs]).toEqual([2, 2]);
    expect(new Set(answers)).toEqual(new Set(["miss 3", "joined 3"]));
  });

  it("is not kept when its run fails, and everybody who waited is told", async () => {
    const story = await begin({}, createCountingEngine({ waits: true }));
    story.engine.failRuns("rejected_input");
    await story.sum(9, 9);
    const answers = await Promise.all([story.sum(1, 2), story.sum(1, 2)]);
    expect(answers).toEqual(["rejected_input", "rejected_input"]);
    story.engine.failRuns();
    expect(await story.sum(1, 2)).toBe("miss 3");
  });

  it("is computed by a follower whose leader died", async () => {
    const story = await begin();
    await story.sum(5, 5);
    story.engine.hold(new Promise(() => undefined));
    const dead = story.sum(1, 2);
    await settle();
    const followers = [story.sum(1, 2), story.sum(1, 2)];
    await settle();
    story.engine.hold();
    await story.core.clock.advance(25_000);
    expect(await Promise.all(followers)).toEqual(["miss 3", "miss 3"]);
    expect(story.engine.runs).toBe(2);
    dead.catch(() => undefined);
  });

  it("ends earlier or later by up to a tenth, so that not all end together", async () => {
    for (const [random, ttlMs] of [
      [0, 54_000],
      [0.5, 60_000],
      [0.999_999, 66_000],
    ] as const) {
      const story = await begin({ predictions: { random: () => random } });
      await story.sum(1, 2);
      await story.core.clock.advance(ttlMs - 1);
      expect(await story.sum(1, 2)).toBe("isolate 3");
      await story.core.clock.advance(1);
      expect(await story.sum(1, 2)).toBe("isolate stale 3");
    }
  });

  it("is hashed when its inputs are large, and told apart all the same", async () => {
    const story = await begin();
    const rows = (last: number) => {
      const data = new Float32Array(1_000).fill(1);
      data[999] = last;
      return [makeTensor("x", "FP32", [500, 2], data)];
    };
    const asked = async (last: number) => {
      const answer = await ask(story.core, "iris", { inputs: rows(last) });
      if (!answer.ok) throw new Error(answer.failure.detail);
      return `${from(answer.value)} ${answer.value.outputs[0]?.data[499]}`;
    };
    expect([await asked(1), await asked(1), await asked(2)]).toEqual([
      "miss 2",
      "isolate 2",
      "miss 3",
    ]);
  });

  it("refuses wrong inputs as it does without a cache", async () => {
    const story = await begin();
    await story.sum(1, 2);
    const inputs = [makeTensor("x", "FP64", [1, 2], Float64Array.of(1, 2))];
    expect(await story.sum(1, 2, { inputs })).toBe("invalid_input");
    expect(await story.sum(1, 2, { outputs: ["average"] })).toBe("invalid_input");
    expect(await story.sum(1, 2, { word: "iris@9" })).toBe("version_not_found");
    expect(await story.sum(1, 2, { word: "iris@canary" })).toBe("alias_not_found");
    expect(await story.sum(1, 2, { word: "nobody" })).toBe("model_not_found");
  });

  it("is the same for all outputs and for all of them by name", async () => {
    const story = await begin();
    await story.sum(1, 2);
    expect(await story.sum(1, 2, { outputs: [] })).toBe("isolate 3");
    expect(await story.sum(1, 2, { outputs: ["sum"] })).toBe("isolate 3");
  });
});

describe("what a caller wants", () => {
  it("no-cache: is computed now, and kept", async () => {
    const story = await begin();
    await story.sum(1, 2);
    await story.core.clock.advance(30_000);
    expect(await story.sum(1, 2, { cacheWish: () => "no-cache" })).toBe("request 3");
    expect(story.engine.runs).toBe(2);
    await story.core.clock.advance(TTL_MS - 1);
    expect(await story.sum(1, 2)).toBe("isolate 3");
  });

  it("no-store: is computed now, and not kept", async () => {
    const story = await begin();
    expect(await story.sum(1, 2, { cacheWish: () => "no-store" })).toBe("request 3");
    expect(stats(story)).toMatchObject({ entries: 0, hits: 0, misses: 0 });
    expect(await story.sum(1, 2)).toBe("miss 3");
  });
});

describe("routes and versions", () => {
  it("share a prediction by whatever name a version is called", async () => {
    const story = await begin();
    await putDeployment(story.core.bucket, "iris", 2, {
      production: { "1": 100 },
      staging: { "1": 100 },
    });
    await story.sum(1, 2);
    expect(await story.sum(1, 2, { word: "iris@staging" })).toBe("isolate 3");
    expect(await story.sum(1, 2, { word: "iris@1" })).toBe("isolate 3");
  });

  it("name the version that was asked, even where equal bytes were computed under another", async () => {
    const story = await begin();
    await putVersion(story.core.bucket, "iris", "2", fakeModel(0));
    await story.sum(1, 2);
    await story.sum(5, 5, { word: "iris@2" });
    const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
    expect(await ask(story.core, "iris@2", { inputs })).toMatchObject({
      value: { loaded: { version: "2" }, route: "2", cached: { tier: "isolate" } },
    });
  });

  it("never answer for another version's bytes", async () => {
    const story = await begin();
    await putVersion(story.core.bucket, "iris", "2", fakeModel(10));
    await story.sum(1, 2);
    expect(await story.sum(1, 2, { word: "iris@2" })).toBe("miss 13");
    expect(await story.sum(1, 2)).toBe("isolate 3");
  });
});

describe("a fixed version of a model whose deployment is not known", () => {
  it("is not kept before it is: the deployment may forbid it", async () => {
    const story = await begin();
    expect(await story.sum(1, 2, { word: "iris@1" })).toBe("off 3");
    await story.core.background();
    expect(await story.sum(1, 2, { word: "iris@1" })).toBe("miss 3");
    expect(await story.sum(1, 2, { word: "iris@1" })).toBe("isolate 3");
  });
});

describe("the deployment", () => {
  async function withPolicy(
    changes: Record<string, unknown>,
    options: TestCoreOptions = {},
  ): Promise<Story> {
    const story = await begin(options);
    await putDeployment(story.core.bucket, "iris", 2, { production: { "1": 100 } }, changes);
    return story;
  }

  it("switches it off for a model, which then pays nothing for it", async () => {
    const story = await withPolicy({ policy: { use_cache: false } });
    let asked = 0;
    const cacheWish = () => {
      asked += 1;
      return "any" as const;
    };
    for (let time = 0; time < 2; time += 1) {
      expect(await story.sum(1, 2, { cacheWish })).toBe("off 3");
    }
    expect([asked, story.engine.runs, stats(story)?.misses]).toEqual([0, 2, 0]);
  });

  it("switches it on where the Worker has it off", async () => {
    const story = await withPolicy(
      { policy: { use_cache: true } },
      { predictions: { useCache: false } },
    );
    await story.sum(1, 2);
    expect(await story.sum(1, 2)).toBe("isolate 3");
    const other = await begin({ predictions: { useCache: false } });
    await other.sum(1, 2);
    expect(await other.sum(1, 2)).toBe("off 3");
  });

  it("says how long its answers hold", async () => {
    const story = await withPolicy({ cache: { ttl_ms: 1_000, stale_ms: 500 } });
    await story.sum(1, 2);
    await story.core.clock.advance(1_499);
    expect(await story.sum(1, 2)).toBe("isolate stale 3");
    await story.inBackground();
    await story.core.clock.advance(1_500);
    expect(await story.sum(1, 2)).toBe("miss 3");
  });

  it.each([[{ cache: { isolate: false } }], [{ cache: { ttl_ms: 0, stale_ms: 0 } }]])(
    "switches it off by %j where there is no Redis",
    async (changes) => {
      const story = await withPolicy(changes);
      expect([await story.sum(1, 2), await story.sum(1, 2)]).toEqual(["off 3", "off 3"]);
    },
  );
});

describe("the budget", () => {
  it("is never passed: the least recently used goes first", async () => {
    const story = await begin();
    await story.sum(0, 0);
    const entryBytes = stats(story)?.bytes ?? 0;
    const small = await begin({ predictions: { maxBytes: 3 * entryBytes } });
    for (const row of [1, 2, 3]) await small.sum(row, 0);
    await small.sum(1, 0);
    small.core.story();
    await small.sum(4, 0);
    expect(small.core.story()).toEqual(["evicted a prediction of iris@1"]);
    expect(await small.sum(1, 0)).toBe("isolate 1");
    expect(await small.sum(2, 0)).toBe("miss 2");
    expect(stats(small)).toMatchObject({
      entries: 3,
      bytes: 3 * entryBytes,
      max_bytes: 3 * entryBytes,
      evictions: 2,
    });
  });

  it("keeps nothing that alone is over it, and says so", async () => {
    const story = await begin({ predictions: { maxBytes: 100 } });
    const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
    expect(await ask(story.core, "iris", { inputs })).toMatchObject({
      value: { cached: { tier: "none", stored: false } },
    });
    expect(stats(story)).toMatchObject({ entries: 0, bytes: 0 });
  });

  it("of 0 is no cache at all", async () => {
    const story = await begin({ predictions: { maxBytes: 0 } });
    expect([await story.sum(1, 2), await story.sum(1, 2)]).toEqual(["off 3", "off 3"]);
  });

  it("counts what a door has written, and keeps it for a kept prediction only", async () => {
    const story = await begin();
    const { predictions } = story.core.deps;
    await story.sum(1, 2);
    const before = stats(story)?.bytes ?? 0;
    const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
    const hit = await ask(story.core, "iris", { inputs });
    if (!hit.ok || hit.value.cached === undefined || hit.value.cached.tier === "none") {
      throw new Error("it is kept");
    }
    const { key, prediction } = hit.value.cached;
    predictions?.keepWritten(key, prediction, "text");
    expect(stats(story)?.bytes).toBe(before + 8);
    predictions?.clear();
    predictions?.keepWritten(key, prediction, "text");
    expect(stats(story)?.bytes).toBe(0);
  });
});

describe("clearing", () => {
  it("forgets everything, or what is of one model", async () => {
    const story = await begin();
    await publish(story.core.bucket, "wine", fakeModel(5));
    const both = () => Promise.all([story.sum(1, 2), story.sum(1, 2, { word: "wine" })]);
    await both();
    expect(await both()).toEqual(["isolate 3", "isolate 8"]);
    story.core.deps.predictions?.clearModel("iris");
    expect(await both()).toEqual(["miss 3", "isolate 8"]);
    story.core.deps.predictions?.clear();
    expect(await both()).toEqual(["miss 3", "miss 8"]);
  });

  it("forgets a model's answers that were computed for the same bytes under another name", async () => {
    const story = await begin();
    await publish(story.core.bucket, "twin", fakeModel(0));
    await story.sum(1, 2);
    expect(await story.sum(1, 2, { word: "twin" })).toBe("isolate 3");
    story.core.deps.predictions?.clearModel("twin");
    expect(await story.sum(1, 2, { word: "twin" })).toBe("miss 3");
  });

  it("keeps nothing that was under way when it was cleared", async () => {
    const story = await begin();
    await story.sum(5, 5);
    const gate = createGate<void>();
    story.engine.hold(gate.opened);
    const underway = story.sum(1, 2);
    await settle();
    story.core.deps.predictions?.clear();
    gate.open();
    story.engine.hold();
    expect(await underway).toBe("miss 3");
    expect(await story.sum(1, 2)).toBe("miss 3");
  });
});
