import { beforeEach, describe, expect, it } from "vitest";
import { listKeys } from "../../../src/core/lifecycle/list-keys.ts";
import type { Draft } from "../../../src/core/model/manifest-draft.ts";
import { fail, ok } from "../../../src/core/model/result.ts";
import { makeTensor, type Tensor } from "../../../src/core/model/tensor.ts";
import { failureOf, must } from "../../support/must.ts";
import {
  createTestRegistry,
  publishAs,
  type TestRegistry,
  tryPublishing,
} from "../../support/registry-core.ts";
import { registryModel } from "../../support/registry-models.ts";

type Sample = NonNullable<Draft["sample"]>;

let registry: TestRegistry;

const X = { name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] } as const;
const SUM = { name: "sum", datatype: "FP32", shape: [2], data: [3, 7] } as const;
const sample = (changes: object = {}, input: object = {}): Sample => ({
  inputs: [{ ...X, shape: [...X.shape], data: [...X.data], ...input }],
  outputs: [{ ...SUM, shape: [...SUM.shape], data: [...SUM.data], ...changes }],
});
const refused = async (wish: object) => {
  const failure = failureOf(await tryPublishing(registry.deps, "m", "a", wish));
  expect(must(await listKeys(registry.bucket, ""))).toEqual([]);
  return failure;
};
const answering = (tensor: Tensor | undefined) => {
  registry.engine.answer = () => ok(tensor === undefined ? [] : [tensor]);
};

beforeEach(() => {
  registry = createTestRegistry();
});

describe("before a version exists, its sample", () => {
  it("is run, and kept when the answer is what it says", async () => {
    const { manifest } = await publishAs(registry.deps, "m", "a", { draft: { sample: sample() } });
    expect(manifest.sample).toEqual(sample());
    expect(registry.engine.released).toBe(1);
  });

  it("need not say what comes out; it runs all the same", async () => {
    const { inputs } = sample();
    await publishAs(registry.deps, "m", "a", { draft: { sample: { inputs } } });
    registry.engine.answer = () => fail({ reason: "rejected_input", detail: "no" });
    const failed = await tryPublishing(registry.deps, "m", "b", { draft: { sample: { inputs } } });
    expect(failureOf(failed).detail).toBe("the sample cannot be run: no");
  });

  it.each<[string, Sample, string, string]>([
    ["another number", sample({ data: [3, 7.1] }), "sample_mismatch", "element 1 is 7, the sample"],
    ["infinity", sample({ data: [3, "Infinity"] }), "sample_mismatch", "the sample says Infinity"],
    ["another shape", sample({ shape: [1, 2] }), "sample_mismatch", "has shape [2], the sample"],
    ["another datatype", sample({ datatype: "FP64" }), "sample_mismatch", "is FP32, the sample"],
    ["an unknown output", sample({ name: "nope" }), "sample_mismatch", "output 'nope' is not one"],
    ["an unknown input", sample({}, { name: "y" }), "sample_mismatch", "input 'x' is missing"],
    ["wrong columns", sample({}, { shape: [4, 1] }), "sample_mismatch", "dimension 1 must be 2"],
    ["an open dimension", sample({}, { shape: [-1, 2] }), "invalid_request", "open dimension"],
    ["open output", sample({ shape: [-1] }), "invalid_request", "sample.outputs[0].shape"],
    ["too few data", sample({}, { data: [1] }), "invalid_request", "has 1 elements, the shape"],
    ["a word", sample({ data: [3, "x"] }), "invalid_request", "manifest.sample.outputs[0].data[1]"],
  ])("is refused with %s, and nothing is written", async (_what, wrong, reason, detail) => {
    const failure = await refused({ draft: { sample: wrong } });
    expect([failure.reason, failure.detail]).toEqual([reason, expect.stringContaining(detail)]);
  });

  it.each<[Tensor, object, boolean]>([
    [makeTensor("sum", "FP32", [1], Float32Array.of(1.00005)), { data: [1] }, true],
    [makeTensor("sum", "FP32", [1], Float32Array.of(1.0002)), { data: [1] }, false],
    [makeTensor("sum", "FP32", [1], Float32Array.of(20_001)), { data: [20_000] }, true],
    [makeTensor("sum", "FP32", [1], Float32Array.of(20_003)), { data: [20_000] }, false],
    [makeTensor("sum", "FP32", [1], Float32Array.of(Infinity)), { data: ["Infinity"] }, true],
    [makeTensor("sum", "FP32", [1], Float32Array.of(-0)), { data: [0] }, true],
    [makeTensor("sum", "INT64", [1], BigInt64Array.of(7n)), { datatype: "INT64", data: [7] }, true],
    [
      makeTensor("sum", "INT64", [1], BigInt64Array.of(8n)),
      { datatype: "INT64", data: [7] },
      false,
    ],
    [makeTensor("sum", "BYTES", [1], ["a"]), { datatype: "BYTES", data: ["a"] }, true],
    [makeTensor("sum", "BYTES", [1], ["a"]), { datatype: "BYTES", data: ["b"] }, false],
    [makeTensor("sum", "FP16", [1], Uint16Array.of(0x3c00)), { datatype: "FP16", data: [1] }, true],
  ])(
    "is compared as numbers within 1e-4, all else exactly: %o, said %o",
    async (is, says, same) => {
      answering(is);
      const published = await tryPublishing(registry.deps, "m", "a", {
        draft: { sample: sample({ shape: [1], ...says }) },
      });
      expect(published.ok).toBe(same);
    },
  );

  it("does not pass for an output that the engine does not give", async () => {
    answering(undefined);
    expect((await refused({ draft: { sample: sample() } })).detail).toBe(
      "output 'sum': is not computed",
    );
  });

  it("releases the session, whatever happens", async () => {
    await refused({ draft: { sample: sample({ data: [0, 0] }) } });
    registry.engine.answer = () => {
      throw new Error("a bug");
    };
    const broken = tryPublishing(registry.deps, "m", "a", { draft: { sample: sample() } });
    await expect(broken).rejects.toThrow("a bug");
    expect([registry.engine.opened, registry.engine.released]).toEqual([2, 2]);
  });
});

describe("before a version exists, the file", () => {
  it("is read: what is no model does not reach the engine", async () => {
    const failure = await refused({ bytes: new TextEncoder().encode("<html>") });
    expect([failure.reason, registry.engine.opened]).toEqual(["invalid_model", 0]);
  });

  it.each(["invalid_model", "unsupported_model"] as const)(
    "is opened: the engine may say %s",
    async (reason) => {
      registry.engine.failNext(reason);
      expect((await refused({})).reason).toBe(reason);
      registry.engine.failNext("out_of_memory", reason);
      expect((await refused({})).reason).toBe(reason);
    },
  );

  it("has the loaded models make room when the engine is full", async () => {
    registry.engine.failNext("out_of_memory");
    await publishAs(registry.deps, "m", "a");
  });

  it("is refused with the figures when it does not fit into an empty engine either", async () => {
    registry.engine.failNext("out_of_memory", "out_of_memory", "out_of_memory");
    const bytes = registryModel("a");
    const failure = await refused({ bytes });
    expect([failure.reason, failure.detail]).toEqual([
      "model_too_large",
      `the file is ${bytes.byteLength} bytes and loading it needs more than the engine's 10000000 bytes of memory`,
    ]);
  });

  it("is refused with the figures when it takes more memory than the budget", async () => {
    registry.engine.memoryOf = () => 1_500_001;
    expect(await refused({})).toMatchObject({
      reason: "model_too_large",
      detail:
        "loading it and running it takes 1500001 bytes of memory; the budget is 1500000 (MODEL_CACHE_MAX_BYTES)",
    });
    expect(registry.engine.released).toBe(1);
  });
});
