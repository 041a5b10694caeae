import { beforeEach, describe, expect, it } from "vitest";
import { findBundle } from "../../../src/core/lifecycle/bundle/find-bundle.ts";
import { loadBundle } from "../../../src/core/lifecycle/bundle/load-bundle.ts";
import { predictBundle } from "../../../src/core/lifecycle/bundle/predict-bundle.ts";
import { fakeModel, inShort, zeros } from "../../support/ask.ts";
import { jsonBytes, publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const DEADLINE = { deadlineMs: 1_000 };

let core: TestCore;

const bundle = (...references: string[]) => ({ name: "b", references, rev: 1 });
const load = (...references: string[]) =>
  loadBundle(core.deps, core.context, bundle(...references));
const loaded = async (...references: string[]) =>
  (await load(...references)).map((line) =>
    line.ok
      ? `${line.reference} ${line.version} ${line.memoryBytes}`
      : `${line.reference} ${line.failure.reason}`,
  );
const gets = () => core.story().filter((line) => /^(get|confirm) /.test(line));

beforeEach(async () => {
  core = createTestCore();
  for (const [index, model] of ["a", "b", "c", "d", "e", "f"].entries()) {
    await publish(core.bucket, model, fakeModel(index + 1, 10));
  }
});

describe("loading a bundle", () => {
  it("has a line for each reference in its order, whatever failed", async () => {
    await putVersion(core.bucket, "b", "2", fakeModel(2), { digest: "0".repeat(64) });
    await putDeployment(core.bucket, "b", 2, { production: { "1": 100 }, staging: { "2": 100 } });
    expect(await loaded("c", "gone", "b@staging", "a@nobody", "a@9", "a@1")).toEqual([
      "c 1 10",
      "gone model_not_found",
      "b@staging model_unavailable",
      "a@nobody alias_not_found",
      "a@9 version_not_found",
      "a@1 1 10",
    ]);
  });

  it("loads every version of a split, and tells the one with the most traffic", async () => {
    await putVersion(core.bucket, "a", "2", fakeModel(2, 5));
    await putDeployment(core.bucket, "a", 2, { production: { "1": 10, "2": 90 } });
    expect(await loaded("a")).toEqual(["a 2 15"]);
    expect(core.deps.models.peek("a", "1")).toBeDefined();
  });

  it("asks for each deployment once and for each version once", async () => {
    await load("a", "a@1", "b");
    expect(gets().sort()).toEqual([
      "get a/deployment.json",
      "get a/versions/1/manifest.json",
      "get a/versions/1/model.onnx",
      "get b/deployment.json",
      "get b/versions/1/manifest.json",
      "get b/versions/1/model.onnx",
    ]);
    await load("a", "a@1", "b");
    expect(gets()).toEqual(["confirm a/deployment.json", "confirm b/deployment.json"]);
  });

  it("joins a load of the same version that is under way", async () => {
    const [one, two] = await Promise.all([load("a", "b"), load("b", "a")]);
    expect([...one, ...two].every((line) => line.ok)).toBe(true);
    expect(gets().filter((line) => line.endsWith("model.onnx"))).toHaveLength(2);
  });

  it("works on four at once, and no more", async () => {
    const gate = core.store.holdNext("get a/versions/1/model.onnx");
    const loading = load("a", "b", "c", "d", "e", "f");
    await expect.poll(() => core.deps.models.peek("d", "1")).toBeDefined();
    expect(core.deps.models.peek("e", "1")).toBeUndefined();
    expect(core.story()).not.toContain("get e/deployment.json");
    gate.open();
    expect((await loading).every((line) => line.ok)).toBe(true);
  });

  it("tries again what was broken, and what the pointer says now", async () => {
    core.fake.failNext("invalid_model");
    expect(await loaded("a")).toEqual(["a model_unavailable"]);
    await putVersion(core.bucket, "a", "2", fakeModel(2, 10));
    await putDeployment(core.bucket, "a", 2, { production: { "2": 100 } });
    expect(await loaded("a", "a@1")).toEqual(["a 2 10", "a@1 1 10"]);
  });

  it("says of a bundle that does not fit together what was crowded out", async () => {
    core = createTestCore({ maxBytes: 25 });
    for (const model of ["a", "b", "c"]) await publish(core.bucket, model, fakeModel(1, 10));
    const lines = await load("a", "b", "c");
    expect(lines.filter((line) => line.ok)).toHaveLength(2);
    expect(lines.find((line) => !line.ok)).toMatchObject({
      failure: {
        reason: "model_unavailable",
        detail: expect.stringContaining("MODEL_CACHE_MAX_BYTES (25)"),
      },
    });
  });
});

describe("asking a bundle", () => {
  it("has each model's answer or failure in its order, and the input unharmed", async () => {
    const inputs = [zeros()];
    const answers = await predictBundle(
      core.deps,
      core.context,
      bundle("c", "gone", "a@1", "a@9"),
      {
        inputs,
        stickiness: () => ({ random: () => 0 }),
      },
    );
    expect(answers.map(({ reference, answer }) => `${reference}: ${inShort(answer)}`)).toEqual([
      "c: 1 miss 3",
      "gone: model_not_found",
      "a@1: 1 miss 1",
      "a@9: version_not_found",
    ]);
    expect(inputs).toEqual([zeros()]);
  });

  it("lets a model fail alone that has no such output", async () => {
    const answers = await predictBundle(core.deps, core.context, bundle("a"), {
      inputs: [zeros()],
      outputs: ["nothing"],
      stickiness: () => ({ random: () => 0 }),
    });
    expect(answers.map(({ answer }) => inShort(answer))).toEqual(["invalid_input"]);
  });
});

describe("finding a bundle", () => {
  const put = (references: readonly string[]) =>
    core.bucket.put("bundles/b.json", jsonBytes(bundle(...references)), DEADLINE);
  const find = async () => {
    const found = await findBundle(core.deps, core.context, "b");
    return found.ok ? found.value.references.join() : found.failure.reason;
  };

  it("costs one GET for any number that ask at first, then none", async () => {
    await put(["a"]);
    expect(await Promise.all(Array.from({ length: 50 }, find))).toEqual(Array(50).fill("a"));
    await core.clock.advance(4_999);
    expect(await find()).toBe("a");
    expect(gets()).toEqual(["get bundles/b.json"]);
  });

  it("answers the known one while it is checked in the background", async () => {
    await put(["a"]);
    await find();
    await put(["b"]);
    await core.clock.advance(5_000);
    expect([await find(), await find()]).toEqual(["a", "a"]);
    await core.background();
    expect(await find()).toBe("b");
    expect(gets()).toEqual(["get bundles/b.json", "confirm bundles/b.json"]);
  });

  it("goes on with the known one while the store is silent, and forgets a deleted one", async () => {
    await put(["a"]);
    await find();
    core.store.break("bundles/b.json", "unreachable");
    await core.clock.advance(5_000);
    await find();
    await core.background();
    expect(await find()).toBe("a");
    core.store.mend();
    await core.bucket.delete("bundles/b.json", DEADLINE);
    await core.clock.advance(5_000);
    await find();
    await core.background();
    expect(await find()).toBe("bundle_not_found");
  });

  it("does not let a late answer undo what was put meanwhile", async () => {
    await put(["a"]);
    await find();
    await put(["b"]);
    await core.clock.advance(5_000);
    const gate = core.store.holdNext("confirm bundles/b.json");
    await find();
    const newer = { bundle: bundle("c"), etag: '"newer"', triedAtMs: core.clock.now() };
    core.deps.bundles.set("b", newer);
    gate.open();
    await core.background();
    expect(await find()).toBe("c");
  });

  it("tells a damaged one and a silent store from one that is not there", async () => {
    expect(await find()).toBe("bundle_not_found");
    await core.bucket.put("bundles/b.json", jsonBytes({ name: "other" }), DEADLINE);
    expect(await find()).toBe("invalid_bundle");
    core.store.break("get bundles/b.json", "throttled");
    expect(await find()).toBe("store_unavailable");
  });
});
