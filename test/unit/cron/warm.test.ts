import { beforeEach, describe, expect, it } from "vitest";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import { runMinuteTick } from "../../../src/cron/minute-tick.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { jsonBytes, publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const MINUTE = "* * * * *";
const DEADLINE = { deadlineMs: 1_000 };

/** The fake engine adds the model's first byte. */
const sample = (firstByte: number, sum = firstByte) => ({
  inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [0, 0] }],
  outputs: [{ name: "sum", datatype: "FP32", shape: [1], data: [sum] }],
});

let core: TestCore;

const tick = () => runMinuteTick(core.deps, core.context, MINUTE);
const warmed = async () =>
  ((await tick()).warmed ?? []).map(
    ({ model, version, ok, reason }) => `${model}@${version} ${ok ? "ok" : reason}`,
  );
const isLoaded = (model: string, version: string) =>
  core.deps.models.peek(model, version) !== undefined;

async function putWarm(model: string, warm: readonly string[], rev = 1): Promise<void> {
  const document = {
    model,
    rev,
    aliases: {
      production: { weights: { "1": 90, "2": 10 } },
      staging: { weights: { "3": 100 } },
    },
    warm,
  };
  await core.bucket.put(deploymentKey(model), jsonBytes(document), DEADLINE);
}

const putBundle = (name: string, references: readonly string[], warm = true) =>
  core.bucket.put(`bundles/${name}.json`, jsonBytes({ name, references, warm, rev: 1 }), DEADLINE);

async function putModel(model: string, sizeBytes = 1): Promise<void> {
  for (const version of ["1", "2", "3"]) {
    const bytes = fakeModel(Number(version), sizeBytes);
    await putVersion(core.bucket, model, version, bytes, { sample: sample(Number(version)) });
  }
}

beforeEach(async () => {
  core = createTestCore();
  await putModel("m");
});

describe("warming", () => {
  it("loads every version that an alias routes to, and those named by number", async () => {
    await putWarm("m", ["production", "3"]);
    expect(await warmed()).toEqual(["m@1 ok", "m@2 ok", "m@3 ok"]);
    expect(["1", "2", "3"].map((version) => isLoaded("m", version))).toEqual([true, true, true]);
  });

  it("loads nothing that nobody asked to be warm", async () => {
    await putDeployment(core.bucket, "m", 1, { production: { "1": 100 } });
    await putBundle("cold", ["m"], false);
    expect(await warmed()).toEqual([]);
    expect(core.deps.models.loaded()).toEqual([]);
  });

  it("runs the sample of what is loaded already, and says when its answer is wrong", async () => {
    await putVersion(core.bucket, "m", "1", fakeModel(1), { sample: sample(1, 7) });
    await putWarm("m", ["1"]);
    const line = { model: "m", version: "1", ok: false, reason: "sample_mismatch", duration_ms: 0 };
    expect((await tick()).warmed).toEqual([{ ...line, detail: expect.stringContaining("is 1") }]);
    core.story();
    expect((await tick()).warmed).toMatchObject([line]);
    expect(core.story().filter((told) => told.startsWith("open"))).toEqual([]);
    expect(isLoaded("m", "1")).toBe(true);
  });

  it("counts a version without a sample as warm once it is loaded", async () => {
    await putVersion(core.bucket, "m", "1", fakeModel(1));
    await putWarm("m", ["1"]);
    expect(await warmed()).toEqual(["m@1 ok"]);
  });

  it("goes on past what cannot be loaded or is not there", async () => {
    await putVersion(core.bucket, "m", "1", fakeModel(1), { digest: "0".repeat(64) });
    await putWarm("m", ["canary", "1", "2", "9"]);
    expect(await warmed()).toEqual([
      "m@canary alias_not_found",
      "m@1 digest_mismatch",
      "m@2 ok",
      "m@9 version_not_found",
    ]);
  });

  it("follows a pointer that moved within the same tick", async () => {
    await putWarm("m", ["staging"]);
    await tick();
    await putDeployment(core.bucket, "m", 2, { production: { "1": 100 }, staging: { "2": 100 } });
    expect(await warmed()).toEqual([]);
    await putBundle("b", ["m@staging"]);
    expect(await warmed()).toEqual(["m@2 ok"]);
  });

  it("warms a bundle's models together, by number or by alias, those of other models too", async () => {
    await putModel("n");
    await putWarm("n", []);
    await putWarm("m", []);
    await putBundle("both", ["n@staging", "m@2", "gone", "m@nobody"]);
    expect(await warmed()).toEqual([
      "gone@production model_not_found",
      "m@nobody alias_not_found",
      "m@2 ok",
      "n@3 ok",
    ]);
  });

  it("reads a bundle only when it has changed, and forgets a deleted one", async () => {
    await putWarm("m", []);
    await putBundle("b", ["m@1"]);
    await tick();
    core.story();
    expect(await warmed()).toEqual(["m@1 ok"]);
    expect(core.story()).not.toContain("get bundles/b.json");
    await putBundle("b", ["m@2"]);
    expect(await warmed()).toEqual(["m@2 ok"]);
    await core.bucket.delete("bundles/b.json", DEADLINE);
    expect(await warmed()).toEqual([]);
  });

  it("goes by the bundles it knows while they cannot be listed, and tells of a damaged one", async () => {
    await putWarm("m", []);
    await putBundle("b", ["m@1"]);
    await core.bucket.put("bundles/torn.json", jsonBytes({}), DEADLINE);
    expect(await warmed()).toEqual(["*@bundle torn invalid_bundle", "m@1 ok"]);
    core.store.break("list bundles/", "unreachable");
    expect(await warmed()).toEqual(["*@bundles store_unavailable", "m@1 ok"]);
  });

  it("begins nothing once its 10 s are spent, and goes on from there in the next tick", async () => {
    await putWarm("m", ["1", "2", "3"]);
    const gate = core.store.holdNext("get m/versions/1/model.onnx");
    const ticking = tick();
    await expect.poll(() => core.story()).toContain("get m/versions/1/model.onnx");
    await core.clock.advance(10_000);
    gate.open();
    const first = await ticking;
    expect(first.stopped_at).toEqual({ warm: "m@2" });
    expect(first.warmed).toMatchObject([{ version: "1", ok: true, duration_ms: 10_000 }]);
    const second = await tick();
    expect(second.resumed_at).toEqual({ warm: "m@2" });
    expect(second.warmed?.map(({ version }) => version)).toEqual(["2", "3", "1"]);
    expect(second).not.toHaveProperty("stopped_at");
  });
});

describe("warming in a tight budget", () => {
  const askFor = (model: string) => askInShort(core, model);
  const opens = () => core.story().filter((told) => told.startsWith("open"));

  /** Room for two and a half: `busy` and `idle` are loaded, `m` is to be warm. */
  beforeEach(async () => {
    core = createTestCore({ maxBytes: 250 });
    for (const model of ["busy", "idle"]) await publish(core.bucket, model, fakeModel(7, 100));
    await putModel("m", 100);
    await putWarm("m", ["1"]);
    for (const model of ["busy", "idle"]) await askFor(model);
  });

  it("pushes out nothing that requests have used since the last tick, however often it fires", async () => {
    for (let round = 0; round < 3; round += 1) {
      expect(await warmed()).toEqual(["m@1 crowded_out"]);
      expect([await askFor("busy"), await askFor("idle")]).toEqual(["1 hit 7", "1 hit 7"]);
    }
  });

  it("takes the place of what nobody has used since the last tick, the longest unused first", async () => {
    expect(await warmed()).toEqual(["m@1 crowded_out"]);
    await askFor("busy");
    expect(await warmed()).toEqual(["m@1 ok"]);
    expect([isLoaded("busy", "1"), isLoaded("idle", "1"), isLoaded("m", "1")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("says what it takes, what there is, and what to do", async () => {
    const [line] = (await tick()).warmed ?? [];
    expect(line?.detail).toBe(
      "it takes at least 100 bytes: of MODEL_CACHE_MAX_BYTES (250) 50 are free, 0 are of versions that were not used since the last tick, and 200 of versions that were used or are warm; raise it as far as the isolate's memory allows, or name fewer",
    );
  });

  it("fetches what found no room once, not at every tick", async () => {
    core.fake.memoryOf = (sizeBytes) => (sizeBytes === 100 ? 100 : 60);
    await putVersion(core.bucket, "small", "1", fakeModel(9, 10), { sample: sample(9) });
    await putWarm("small", ["1"]);
    await putWarm("m", []);
    expect(await warmed()).toEqual(["small@1 crowded_out"]);
    // A file of 10 bytes that takes 60 once it is open: only opening it tells.
    expect([opens().length, core.fake.released]).toEqual([3, 1]);
    for (let round = 0; round < 3; round += 1) {
      for (const model of ["busy", "idle"]) await askFor(model);
      core.story();
      expect(await warmed()).toEqual(["small@1 crowded_out"]);
      expect(core.story().filter((told) => told.includes("small/versions"))).toEqual([]);
    }
    core.deps.models.unload("idle", "1");
    expect(await warmed()).toEqual(["small@1 ok"]);
  });

  it("warms what fits of several, the same ones at each tick, and tells of the others", async () => {
    for (const model of ["busy", "idle"]) core.deps.models.unload(model, "1");
    await putWarm("m", ["1", "2", "3"]);
    for (let round = 0; round < 3; round += 1) {
      expect(await warmed()).toEqual(["m@1 ok", "m@2 ok", "m@3 crowded_out"]);
    }
    expect(core.story().filter((told) => told.startsWith("evicted"))).toEqual([]);
  });

  it("takes no memory of an engine that is full from what requests use", async () => {
    core.deps.models.unload("idle", "1");
    core.fake.failNext("out_of_memory", "out_of_memory");
    core.story();
    expect(await warmed()).toEqual(["m@1 crowded_out"]);
    expect(core.story()).not.toContain("restart");
    expect(isLoaded("busy", "1")).toBe(true);
  });

  it("does not hold up who asks for it meanwhile: a request takes the room that it needs", async () => {
    const gate = core.store.holdNext("get m/versions/1/model.onnx");
    const ticking = tick();
    await expect.poll(() => core.story()).toContain("get m/versions/1/model.onnx");
    const asked = askFor("m");
    gate.open();
    expect((await ticking).warmed).toMatchObject([{ ok: false, reason: "crowded_out" }]);
    expect(await asked).toBe("1 miss 1");
    expect(core.deps.loader.counts.failed).toBe(0);
  });
});
