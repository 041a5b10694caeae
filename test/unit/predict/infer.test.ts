import { describe, expect, it } from "vitest";
import { fail, ok } from "../../../src/core/model/result.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import type { EngineSession } from "../../../src/core/ports/engine.ts";
import { ask, askInShort, fakeModel, inShort, zeros } from "../../support/ask.ts";
import { createGate } from "../../support/gate.ts";
import { settle } from "../../support/manual-clock.ts";
import { publish } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

async function published(): Promise<TestCore> {
  const core = createTestCore();
  await publish(core.bucket, "iris", fakeModel(7));
  return core;
}

function sessionOf(core: TestCore): EngineSession {
  const loaded = core.deps.models.peek("iris", "1");
  if (loaded === undefined) throw new Error("it has answered");
  return loaded.session;
}

const page = (core: TestCore) => core.deps.statistics.page("iris", "1");

describe("answering a request", () => {
  it("gives the outputs and what produced them", async () => {
    const core = await published();
    const inputs = [makeTensor("x", "FP32", [2, 2], Float32Array.of(1, 2, 3, 4))];
    expect(await ask(core, "iris", { inputs })).toEqual({
      ok: true,
      value: {
        loaded: core.deps.models.peek("iris", "1"),
        route: "production:1",
        strategy: "fast",
        modelCache: "miss",
        outputs: [makeTensor("sum", "FP32", [2], Float32Array.of(10, 14))],
        acquireMs: 0,
        runMs: 0,
      },
    });
  });

  it("times the way to the session and the run apart", async () => {
    const core = await published();
    const gate = core.store.holdNext("model.onnx");
    const answering = ask(core, "iris");
    await core.clock.advance(40);
    gate.open();
    expect(await answering).toMatchObject({ value: { acquireMs: 40, runMs: 0 } });
    expect(page(core)).toMatchObject({
      success: { count: 1, ns: 40_000_000 },
      computeInfer: { count: 1, ns: 0 },
    });
  });

  it("makes a raw request's tensors once the model's inputs are known", async () => {
    const core = await published();
    const inputs = (specs: readonly { readonly name: string }[]) =>
      ok([makeTensor(specs[0]?.name ?? "", "FP32", [1, 2], Float32Array.of(1, 1))]);
    expect(await askInShort(core, "iris", { inputs })).toBe("1 miss 9");
  });

  it("computes the outputs asked for", async () => {
    const core = await published();
    expect(await askInShort(core, "iris", { outputs: ["sum"] })).toBe("1 miss 7");
    expect(await askInShort(core, "iris", { outputs: [] })).toBe("1 hit 7");
  });

  it.each([
    ["a wrong input", { inputs: [makeTensor("x", "FP64", [1, 2], new Float64Array(2))] }],
    ["an unknown output", { outputs: ["average"] }],
    ["raw bytes that do not fit", { inputs: () => fail({ reason: "invalid_input", detail: "" }) }],
  ] as const)("refuses %s before the run, and counts no run", async (_, changes) => {
    const core = await published();
    expect(await askInShort(core, "iris", changes)).toBe("invalid_input");
    expect(core.deps.statistics.all()).toEqual([]);
  });
});

describe("a run that fails", () => {
  const nan = [makeTensor("x", "FP32", [1, 2], Float32Array.of(Number.NaN, 0))];

  it("leaves the session usable, and is counted", async () => {
    const core = await published();
    expect(await askInShort(core, "iris", { inputs: nan })).toBe("rejected_input");
    expect(await askInShort(core, "iris")).toBe("1 hit 7");
    expect(page(core)).toMatchObject({
      fail: { count: 1 },
      success: { count: 1 },
      executionCount: 1,
      inferenceCount: 1,
    });
  });

  it("calls inputs that the engine has no memory for too large, the cause kept", async () => {
    const core = await published();
    const cause = new Error("bad_alloc");
    await askInShort(core, "iris");
    sessionOf(core).run = async () => fail({ reason: "out_of_memory", detail: "full", cause });
    const answer = await ask(core, "iris");
    expect(answer).toEqual({
      ok: false,
      failure: { reason: "input_too_large", detail: "full", cause },
    });
  });
});

describe("a session crowded out between its load and its use", () => {
  /** Inputs whose making pushes the session out of the cache, the first `times` times. */
  function crowding(core: TestCore, times: number) {
    let left = times;
    return () => {
      if (left > 0) core.deps.models.unload("iris", "1", "evicted");
      left -= 1;
      return ok([zeros()]);
    };
  }

  it("is loaded again for the request, which does not notice", async () => {
    const core = await published();
    expect(await askInShort(core, "iris", { inputs: crowding(core, 2) })).toBe("1 miss 7");
    expect([core.fake.opened, core.fake.released]).toEqual([3, 2]);
  });

  it("makes the model unavailable after three tries", async () => {
    const core = await published();
    const answer = await ask(core, "iris", { inputs: crowding(core, 3) });
    expect(inShort(answer)).toBe("model_unavailable");
    expect(answer).toMatchObject({
      failure: { detail: expect.stringContaining("crowded out of memory") },
    });
    expect(core.fake.opened).toBe(3);
  });

  it("is not released under a run in progress", async () => {
    const core = await published();
    await askInShort(core, "iris");
    const gate = createGate<void>();
    const session = sessionOf(core);
    const { run } = session;
    session.run = (...given) => gate.opened.then(() => run(...given));
    const running = askInShort(core, "iris");
    await settle();
    core.deps.models.unload("iris", "1");
    expect(core.fake.released).toBe(0);
    gate.open();
    expect(await running).toBe("1 hit 7");
    expect(core.fake.released).toBe(1);
  });
});

describe("an engine without memory for a small request", () => {
  const full = { ok: false, failure: { reason: "out_of_memory", detail: "full" } } as const;

  async function withOther(): Promise<TestCore> {
    const core = await published();
    await publish(core.bucket, "wine", fakeModel(3));
    await askInShort(core, "wine");
    await askInShort(core, "iris");
    return core;
  }

  it("lets the other models go and runs once more", async () => {
    const core = await withOther();
    const session = sessionOf(core);
    const run = session.run.bind(session);
    let runs = 0;
    session.run = async (...given) => {
      runs += 1;
      return runs === 1 ? full : run(...given);
    };
    expect(await askInShort(core, "iris")).toBe("1 hit 7");
    expect(core.deps.models.loaded().map(({ model }) => model)).toEqual(["iris"]);
  });

  it("lets nothing go for inputs that are large themselves", async () => {
    const core = await withOther();
    sessionOf(core).run = async () => full;
    expect(await askInShort(core, "iris", { inputs: [zeros(200_000)] })).toBe("input_too_large");
    expect(core.deps.models.loaded()).toHaveLength(2);
  });
});
