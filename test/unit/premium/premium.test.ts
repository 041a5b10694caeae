import { describe, expect, it } from "vitest";
import { refreshDeployment } from "../../../src/core/lifecycle/refresh-deployment.ts";
import { ok } from "../../../src/core/model/result.ts";
import { fakeModel } from "../../support/ask.ts";
import { createGate } from "../../support/gate.ts";
import { better, premiumIsolate, putStrategy, refusal, STRATEGY } from "../../support/premium.ts";
import { putVersion } from "../../support/publish.ts";

const FOREVER = () => new Promise<never>(() => undefined);
const RACE = { ...STRATEGY, mode: "race", race_ms: 500 };

describe("a premium strategy in the background", () => {
  it("answers fast at once, and with the better answer whoever asks next", async () => {
    const isolate = await premiumIsolate();
    expect(await isolate.sum(1, 2)).toBe("fast 3 job");
    await isolate.inBackground();
    expect(isolate.steps()).toEqual(["started", "valid", "cached", "completed", "late"]);
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
    expect(isolate.remote.questions).toHaveLength(1);
    expect(isolate.remote.questions[0]).toMatchObject({
      outputs: [{ name: "sum", datatype: "FP32" }],
      requestId: "r",
      deadlineMs: 20_000,
    });
  });

  it("answers with the better one when it is there before the fast one", async () => {
    const engine = (await import("../../support/counting-engine.ts")).createCountingEngine();
    const isolate = await premiumIsolate({ engine });
    const gate = createGate<void>();
    engine.hold(gate.opened);
    const asked = isolate.sum(1, 2);
    await isolate.core.clock.advance(0);
    await isolate.core.clock.advance(0);
    gate.open();
    expect(await asked).toBe("premium 103");
  });

  it("names what answered: model and version of the premium, the route of the asked one", async () => {
    const isolate = await premiumIsolate();
    await isolate.sum(1, 2);
    await isolate.inBackground();
    const { infer } = await import("../../../src/core/predict/infer.ts");
    const { makeTensor } = await import("../../../src/core/model/tensor.ts");
    const answer = await infer(isolate.core.deps, isolate.core.context, {
      reference: { model: "iris", selector: { kind: "alias", alias: "production" } },
      stickiness: () => ({ random: () => 0 }),
      inputs: [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))],
    });
    expect(answer).toMatchObject({
      value: {
        loaded: { model: "large", version: "7", digest: "" },
        strategy: "premium",
        route: "production:1",
      },
    });
  });

  it("is asked once, however many ask for the same", async () => {
    const isolate = await premiumIsolate();
    isolate.remote.reply = FOREVER;
    const answers = await Promise.all(Array.from({ length: 50 }, () => isolate.sum(1, 2)));
    expect(answers.filter((answer) => !answer.startsWith("fast 3"))).toEqual([]);
    expect(answers.some((answer) => answer.endsWith("job"))).toBe(true);
    expect(await isolate.sum(1, 2)).toBe("fast 3 (isolate) job");
    expect(isolate.remote.questions).toHaveLength(1);
  });

  it("leaves a fixed version its own answers", async () => {
    const isolate = await premiumIsolate();
    await isolate.sum(1, 2);
    await isolate.inBackground();
    expect(await isolate.sum(1, 2, { word: "iris@1" })).toBe("fast 3 (isolate)");
    expect(await isolate.sum(5, 5, { word: "iris@1" })).toBe("fast 10");
    expect(isolate.remote.questions).toHaveLength(1);
  });

  it("that was answered in another isolate is found in Redis, also by one that has asked already", async () => {
    const first = await premiumIsolate();
    const { bucket } = first.core;
    const { sharedCache, jobs } = first;
    if (sharedCache === undefined || jobs === undefined) throw new Error("it is durable");
    const shared = { bucket, sharedCache, jobs };
    const [second, third] = [await premiumIsolate(shared), await premiumIsolate(shared)];
    const gate = createGate<void>();
    first.remote.reply = (question) => gate.opened.then(() => better(question));
    expect(await first.sum(1, 2)).toBe("fast 3 job");
    expect(await second.sum(1, 2)).toBe("fast 3 job");
    expect(second.steps()).toEqual(["waiting"]);
    gate.open();
    await first.inBackground();
    expect(await third.sum(1, 2)).toBe("premium 103 (redis)");
    await second.core.clock.advance(1_000);
    expect(await second.sum(1, 2)).toBe("fast 3 (isolate) job");
    await second.inBackground();
    expect(await second.sum(1, 2)).toBe("premium 103 (isolate)");
    expect(second.remote.questions.length + third.remote.questions.length).toBe(0);
  });

  it("past its time is answered on, and made anew behind it", async () => {
    const isolate = await premiumIsolate({ strategy: { ...STRATEGY, ttl_ms: 60_000 } });
    await isolate.sum(1, 2);
    await isolate.inBackground();
    await isolate.core.clock.advance(66_001);
    isolate.remote.reply = async (question) => {
      const answer = await better(question);
      return answer.ok ? ok({ ...answer.value, version: "8" }) : answer;
    };
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
    await isolate.inBackground();
    expect(isolate.remote.questions).toHaveLength(2);
    const [state] = [await isolate.jobs?.counts(isolate.core.clock.now(), 100)];
    expect(state).toMatchObject({ value: { counts: { completed: 2, queued: 0, running: 0 } } });
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
    expect(isolate.remote.questions).toHaveLength(2);
  });

  it("of other words gives other answers: what an earlier strategy answered is not theirs", async () => {
    const isolate = await premiumIsolate();
    await isolate.sum(1, 2);
    await isolate.inBackground();
    await putStrategy(isolate.core.bucket, 3, { ...STRATEGY, reference: "larger@1" });
    await refreshDeployment(isolate.core.deps, isolate.core.context, "iris");
    expect(await isolate.sum(1, 2)).toBe("fast 3 (isolate) job");
    expect(isolate.remote.questions).toHaveLength(2);
  });

  it("runs a model of this registry after the fast answer has left", async () => {
    const isolate = await premiumIsolate({ strategy: { kind: "model", reference: "iris@2" } });
    await putVersion(isolate.core.bucket, "iris", "2", fakeModel(50));
    expect(await isolate.sum(1, 2)).toBe("fast 3 job");
    expect(isolate.steps()).toEqual([]);
    await isolate.inBackground();
    expect(isolate.steps()).toEqual(["started", "valid", "cached", "completed", "late"]);
    expect(await isolate.sum(1, 2)).toBe("premium 53 (isolate)");
    expect(isolate.remote.questions).toEqual([]);
  });

  it("starts anew once its answers were cleared", async () => {
    const isolate = await premiumIsolate();
    await isolate.sum(1, 2);
    await isolate.inBackground();
    isolate.core.deps.predictions?.clear();
    await isolate.sharedCache?.increment("epoch", 100);
    expect(await isolate.sum(1, 2)).toBe("premium 103 (redis)");
    // The isolate has not heard of the new epoch: it may still read under the old one.
    await isolate.core.feed?.check(isolate.core.context);
    isolate.core.deps.predictions?.clear();
    expect(await isolate.sum(1, 2)).toBe("fast 3 job");
  });
});

describe("a premium strategy that races", () => {
  it("waits for the better answer", async () => {
    const isolate = await premiumIsolate({ strategy: RACE });
    const gate = createGate<void>();
    isolate.remote.reply = (question) => gate.opened.then(() => better(question));
    const asked = isolate.sum(1, 2);
    await isolate.core.clock.advance(499);
    gate.open();
    expect(await asked).toBe("premium 103");
  });

  it("waits for everybody who asks at the same time, and tells all of the one job", async () => {
    const isolate = await premiumIsolate({ strategy: RACE });
    const gate = createGate<void>();
    isolate.remote.reply = (question) => gate.opened.then(() => better(question));
    const asked = Promise.all(Array.from({ length: 5 }, () => isolate.sum(1, 2)));
    await isolate.core.clock.advance(100);
    gate.open();
    expect(new Set(await asked)).toEqual(new Set(["premium 103"]));
    const background = await premiumIsolate();
    background.remote.reply = FOREVER;
    const answers = await Promise.all(Array.from({ length: 5 }, () => background.sum(1, 2)));
    expect(answers.every((answer) => answer.endsWith("job"))).toBe(true);
  });

  it("waits no longer than it may, and throws nothing away", async () => {
    const isolate = await premiumIsolate({ strategy: RACE });
    const gate = createGate<void>();
    isolate.remote.reply = (question) => gate.opened.then(() => better(question));
    const asked = isolate.sum(1, 2);
    await isolate.core.clock.advance(0);
    await isolate.core.clock.advance(500);
    expect(await asked).toBe("fast 3 job");
    gate.open();
    await isolate.inBackground();
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
    expect(isolate.remote.questions).toHaveLength(1);
  });

  it("answers when the fast model cannot", async () => {
    const { createCountingEngine } = await import("../../support/counting-engine.ts");
    const engine = createCountingEngine();
    const isolate = await premiumIsolate({ strategy: RACE, engine });
    expect(await isolate.sum(0, 0)).toBe("premium 100");
    engine.failRuns("rejected_input");
    expect(await isolate.sum(1, 2)).toBe("premium 103");
  });
});

describe("a premium answer that does not come", () => {
  it("is tried again by the cron, after a pause", async () => {
    const isolate = await premiumIsolate();
    isolate.remote.reply = refusal("remote_unreachable", true);
    await isolate.sum(1, 2);
    await isolate.inBackground();
    expect(isolate.steps()).toEqual(["started", "failed remote_unreachable"]);
    expect(await isolate.drain()).toEqual({ completed: 0, failed: 0, dropped: 0 });
    await isolate.core.clock.advance(1_000);
    isolate.remote.reply = better;
    expect(await isolate.drain()).toEqual({ completed: 1, failed: 0, dropped: 0 });
    expect(await isolate.sum(1, 2)).toBe("fast 3 (isolate) job");
    await isolate.inBackground();
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
  });

  it("is dead after its attempts, and costs no request anything", async () => {
    const isolate = await premiumIsolate();
    isolate.remote.reply = FOREVER;
    expect(await isolate.sum(1, 2)).toBe("fast 3 job");
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      for (let second = 0; second < 25; second += 1) await isolate.core.clock.advance(1_000);
      expect(isolate.remote.questions).toHaveLength(attempt);
      expect(await isolate.sum(1, 2, { word: "iris@1" })).toMatch(/^fast 3/);
      void isolate.drain();
    }
    const counts = await isolate.jobs?.counts(isolate.core.clock.now(), 100);
    expect(counts).toMatchObject({ value: { counts: { dead: 1, queued: 0, running: 0 } } });
    expect(isolate.steps().filter((step) => step === "dead timeout")).toHaveLength(1);
  });

  it("is put off, and loses no attempt, while its host is left alone", async () => {
    const isolate = await premiumIsolate({ strategy: { ...STRATEGY, attempts: 1 } });
    isolate.remote.reply = refusal("remote_paused", true);
    await isolate.sum(1, 2);
    await isolate.inBackground();
    expect(isolate.steps()).toEqual(["started", "handed_over remote_paused"]);
    await isolate.core.clock.advance(10_000);
    isolate.remote.reply = better;
    expect(await isolate.drain()).toEqual({ completed: 1, failed: 0, dropped: 0 });
  });

  it("is dead at once when no attempt can do better", async () => {
    const isolate = await premiumIsolate();
    isolate.remote.reply = refusal("remote_refused", false);
    await isolate.sum(1, 2);
    await isolate.inBackground();
    expect(isolate.steps()).toEqual(["started", "dead remote_refused"]);
  });

  it("within the time of a request is left to the cron when it may take longer", async () => {
    const isolate = await premiumIsolate({ strategy: { ...STRATEGY, timeout_ms: 300_000 } });
    isolate.remote.reply = FOREVER;
    await isolate.sum(1, 2);
    await isolate.core.clock.advance(10_000);
    await isolate.core.clock.advance(15_000);
    expect(isolate.steps()).toEqual(["started", "handed_over timeout"]);
    isolate.remote.reply = better;
    expect(await isolate.drain()).toEqual({ completed: 1, failed: 0, dropped: 0 });
    expect(isolate.remote.questions.map(({ deadlineMs }) => deadlineMs)).toEqual([25_000, 300_000]);
  });

  it("is never kept when it is none: counted, and logged with the reason", async () => {
    const isolate = await premiumIsolate();
    isolate.remote.reply = async (question) => {
      const answer = await better(question);
      return answer.ok ? ok({ ...answer.value, outputs: [] }) : answer;
    };
    await isolate.sum(1, 2);
    await isolate.inBackground();
    expect(isolate.steps()).toEqual(["started", "invalid invalid_answer", "dead invalid_answer"]);
    expect(await isolate.sum(1, 2)).toMatch(/^fast 3/);
    expect(isolate.desk.deps.counts.get("invalid")).toBe(1);
  });

  it("breaks the schema of the deployment: not kept either", async () => {
    const schema = { properties: { sum: { items: { maximum: 50 } } } };
    const isolate = await premiumIsolate({ strategy: { ...STRATEGY, schema } });
    await isolate.sum(1, 2);
    await isolate.inBackground();
    expect(isolate.steps()).toContain("invalid invalid_answer");
  });
});

describe("a premium job", () => {
  it("whose version is no longer routed is dropped with that reason", async () => {
    const isolate = await premiumIsolate();
    isolate.remote.reply = refusal("remote_unreachable", true);
    await isolate.sum(1, 2);
    await isolate.inBackground();
    isolate.steps();
    await putVersion(isolate.core.bucket, "iris", "2", fakeModel(5));
    await putStrategy(isolate.core.bucket, 3, STRATEGY, { "2": 100 });
    await refreshDeployment(isolate.core.deps, isolate.core.context, "iris");
    await isolate.core.clock.advance(5_000);
    expect(await isolate.drain()).toEqual({ completed: 0, failed: 0, dropped: 1 });
    expect(isolate.steps()).toEqual(["dropped version_not_routed"]);
  });

  it("of a strategy that is gone, or is another one now, is dropped", async () => {
    for (const [strategy, reason] of [
      [undefined, "strategy_gone"],
      [{ ...STRATEGY, reference: "other@1" }, "strategy_changed"],
    ] as const) {
      const isolate = await premiumIsolate();
      isolate.remote.reply = refusal("remote_unreachable", true);
      await isolate.sum(1, 2);
      await isolate.inBackground();
      isolate.steps();
      await putStrategy(isolate.core.bucket, 3, strategy);
      await refreshDeployment(isolate.core.deps, isolate.core.context, "iris");
      await isolate.core.clock.advance(5_000);
      await isolate.drain();
      expect(isolate.steps()).toEqual([`dropped ${reason}`]);
    }
  });

  it("that was cancelled while it ran keeps no answer", async () => {
    const isolate = await premiumIsolate({ strategy: { ...STRATEGY, timeout_ms: 24_000 } });
    const gate = createGate<void>();
    isolate.remote.reply = (question) => gate.opened.then(() => better(question));
    await isolate.sum(1, 2);
    const page = await isolate.jobs?.list({ limit: 1 }, 100);
    const id = page?.ok ? page.value.jobs[0]?.id : undefined;
    await isolate.jobs?.cancel(id ?? "", isolate.core.clock.now(), 100);
    gate.open();
    await isolate.inBackground();
    expect(isolate.steps()).toEqual(["started", "dropped lease_lost"]);
    expect(await isolate.sum(1, 2)).toMatch(/^fast 3/);
  });

  it("of an isolate that died is taken over, and its answer found by an isolate that never heard of it", async () => {
    const first = await premiumIsolate();
    first.remote.reply = FOREVER;
    expect(await first.sum(1, 2)).toBe("fast 3 job");
    const { sharedCache, jobs } = first;
    if (sharedCache === undefined || jobs === undefined) throw new Error("it is durable");
    const second = await premiumIsolate({ bucket: first.core.bucket, sharedCache, jobs });
    expect(await second.drain()).toEqual({ completed: 0, failed: 0, dropped: 0 });
    await second.core.clock.advance(30_001);
    expect(await second.drain()).toEqual({ completed: 1, failed: 0, dropped: 0 });
    expect(await second.sum(1, 2)).toBe("premium 103 (redis)");
  });

  it("done twice keeps the first answer", async () => {
    const first = await premiumIsolate();
    const { sharedCache, jobs } = first;
    if (sharedCache === undefined || jobs === undefined) throw new Error("it is durable");
    const gate = createGate<void>();
    first.remote.reply = (question) => gate.opened.then(() => better(question));
    await first.sum(1, 2);
    const second = await premiumIsolate({ bucket: first.core.bucket, sharedCache, jobs });
    await second.core.clock.advance(30_001);
    second.remote.reply = async (question) => {
      const answer = await better(question);
      return answer.ok ? ok({ ...answer.value, version: "second" }) : answer;
    };
    await second.drain();
    gate.open();
    await first.inBackground();
    const third = await premiumIsolate({ bucket: first.core.bucket, sharedCache, jobs });
    for (const isolate of [first, second, third]) {
      await isolate.core.clock.advance(1_000);
      await isolate.sum(1, 2);
      await isolate.inBackground();
      expect(await isolate.sum(1, 2)).toMatch(/^premium 103/);
    }
    const counts = await jobs.counts(second.core.clock.now(), 100);
    expect(counts).toMatchObject({ value: { counts: { completed: 1 } } });
  });

  it("waits in the queue while as many run as may", async () => {
    const isolate = await premiumIsolate({ strategy: { ...STRATEGY, max_concurrency: 2 } });
    isolate.remote.reply = FOREVER;
    for (let row = 0; row < 5; row += 1) expect(await isolate.sum(row, 0)).toBe(`fast ${row} job`);
    expect(isolate.remote.questions).toHaveLength(2);
    expect(isolate.steps().filter((step) => step === "waiting")).toHaveLength(3);
  });
});

describe("a premium strategy without Redis", () => {
  it("is tried once behind the request, and promised to nobody", async () => {
    const isolate = await premiumIsolate({ isDurable: false });
    expect(await isolate.sum(1, 2)).toBe("fast 3");
    await isolate.inBackground();
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
  });

  it("keeps to its limit in the isolate", async () => {
    const strategy = { ...STRATEGY, max_concurrency: 2 };
    const isolate = await premiumIsolate({ isDurable: false, strategy });
    isolate.remote.reply = FOREVER;
    for (let row = 0; row < 5; row += 1) await isolate.sum(row, 0);
    expect(isolate.remote.questions).toHaveLength(2);
  });
});

describe("Redis that does not answer", () => {
  it("costs nobody the fast answer: the job is promised to nobody, and tried all the same", async () => {
    const isolate = await premiumIsolate();
    const { jobs } = isolate;
    if (jobs === undefined) throw new Error("it is durable");
    jobs.enqueue = async () => ({ ok: false, failure: { reason: "unreachable", detail: "down" } });
    expect(await isolate.sum(1, 2)).toBe("fast 3");
    await isolate.inBackground();
    expect(isolate.steps()).toEqual([
      "not_queued unreachable",
      "started",
      "valid",
      "cached",
      "completed",
      "late",
    ]);
    expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
  });
});
