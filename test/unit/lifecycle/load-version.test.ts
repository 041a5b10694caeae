import { describe, expect, it } from "vitest";
import {
  type LoadFailure,
  loadVersion,
  toServeFailure,
} from "../../../src/core/lifecycle/load-version.ts";
import { manifestKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import type { ObjectStore, StoreFailure } from "../../../src/core/ports/object-store.ts";
import { fakeModel } from "../../support/ask.ts";
import { CHAOS } from "../../support/chaos-store.ts";
import { putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const DEADLINE = { deadlineMs: 1_000 };

async function published(options = {}): Promise<TestCore> {
  const core = createTestCore(options);
  await putVersion(core.bucket, "iris", "1", fakeModel(7, 100));
  return core;
}

const load = (core: TestCore) => loadVersion(core.deps, "iris", "1", core.context.background);

const failureOf = async (core: TestCore): Promise<LoadFailure | undefined> => {
  const outcome = await load(core);
  return outcome.ok ? undefined : outcome.failure;
};

describe("loading a version", () => {
  it("asks for manifest and bytes together, opens once and keeps the session", async () => {
    const core = await published();
    const outcome = await load(core);
    expect(outcome).toMatchObject({ ok: true, value: { version: "1", memoryBytes: 100 } });
    expect(core.deps.models.peek("iris", "1")).toBe(outcome.ok && outcome.value);
    expect(core.story()).toEqual([
      "get iris/versions/1/manifest.json",
      "get iris/versions/1/model.onnx",
      "open 7",
      "loaded iris@1",
    ]);
  });

  it("answers with the manifest, the store's validator and the time", async () => {
    const core = await published();
    const head = await core.bucket.head(modelBytesKey("iris", "1"), DEADLINE);
    const outcome = await load(core);
    if (!outcome.ok || !head.ok) throw new Error("both are there");
    expect(outcome.value.etag).toBe(head.value.etag);
    expect(outcome.value.digest).toBe(outcome.value.manifest.digest);
    expect(outcome.value.loadedAtMs).toBe(core.clock.now());
  });

  it("gives no byte to the engine before its digest matched the manifest", async () => {
    const core = await published();
    await core.bucket.put(modelBytesKey("iris", "1"), fakeModel(8, 100), DEADLINE);
    expect(await failureOf(core)).toMatchObject({
      reason: "digest_mismatch",
      detail: expect.stringMatching(/100 bytes with SHA-256 [0-9a-f]{64}/),
    });
    expect(core.story().filter((line) => line.startsWith("open"))).toEqual([]);
  });

  it("gives no byte to the engine when the store did not hash it", async () => {
    const core = await published();
    const store: ObjectStore = {
      ...core.bucket,
      get: (key, { sha256: _, ...options }) => core.bucket.get(key, options),
    };
    const outcome = await loadVersion(
      { ...core.deps, store },
      "iris",
      "1",
      core.context.background,
    );
    expect(outcome).toMatchObject({ ok: false, failure: { reason: "digest_mismatch" } });
    expect(core.fake.opened).toBe(0);
  });

  it("says that a version without a manifest is not there, whatever became of its bytes", async () => {
    const core = await published();
    await core.bucket.delete(manifestKey("iris", "1"), DEADLINE);
    core.store.break("model.onnx", "unreachable");
    expect(await failureOf(core)).toMatchObject({ reason: "version_not_found" });
  });

  it("tells bytes that are missing from a version that is", async () => {
    const core = await published();
    await core.bucket.delete(modelBytesKey("iris", "1"), DEADLINE);
    expect(await failureOf(core)).toMatchObject({ reason: "bytes_missing" });
  });

  it.each([
    ["no manifest at all", { schema: 2 }, "schema"],
    ["another model's", { name: "wine" }, "calls itself wine version 1"],
    ["another version's", { version: "2" }, "calls itself iris version 2"],
  ])("refuses a manifest that is %s", async (_, changes, detail) => {
    const core = createTestCore();
    await putVersion(core.bucket, "iris", "1", fakeModel(7), changes);
    expect(await failureOf(core)).toMatchObject({
      reason: "invalid_manifest",
      detail: expect.stringContaining(detail),
    });
    expect(core.fake.opened).toBe(0);
  });

  it("refuses a manifest that is not JSON", async () => {
    const core = await published();
    await core.bucket.put(manifestKey("iris", "1"), fakeModel(0xff), DEADLINE);
    expect(await failureOf(core)).toMatchObject({ reason: "invalid_manifest" });
  });

  const troubles: StoreFailure["reason"][] = ["unreachable", "denied", "throttled", "corrupt"];
  it.each(
    troubles.flatMap((reason) => [
      [reason, "manifest.json"] as const,
      [reason, "model.onnx"] as const,
    ]),
  )("never reads a store's '%s' of %s as an absence", async (reason, part) => {
    const core = await published();
    core.store.break(part, reason);
    expect(await failureOf(core)).toMatchObject({ reason: "store_unavailable", cause: CHAOS });
    expect(core.fake.opened).toBe(0);
  });

  it("refuses a file whose load would not fit into the engine, without holding it", async () => {
    // 3.1 times the file at the peak: 100 bytes need 310.
    const fits = await published({ limitBytes: 310 });
    expect((await load(fits)).ok).toBe(true);
    const tight = await published({ limitBytes: 309 });
    expect(await failureOf(tight)).toMatchObject({
      reason: "model_too_large",
      detail: expect.stringContaining("over 99 bytes"),
    });
    expect(tight.fake.opened).toBe(0);
  });

  it("keeps no session that alone is over the budget, and disturbs no other for it", async () => {
    const core = await published({ maxBytes: 200 });
    await putVersion(core.bucket, "wine", "1", fakeModel(1, 50));
    await loadVersion(core.deps, "wine", "1", core.context.background);
    core.fake.memoryOf = () => 201;
    expect(await failureOf(core)).toMatchObject({
      reason: "model_too_large",
      detail: "it takes 201 bytes of memory; MODEL_CACHE_MAX_BYTES is 200",
    });
    expect(core.fake.released).toBe(1);
    expect(core.deps.models.loaded().map(({ model }) => model)).toEqual(["wine"]);
  });
});

describe("a failed load in the words of a request", () => {
  const cause = new Error("why");

  it.each(["version_not_found", "store_unavailable"] as const)("keeps %s", (reason) => {
    const failure = { reason, detail: "so", cause };
    expect(toServeFailure("iris", "1", failure)).toEqual(failure);
  });

  it("calls everything else the model's being unavailable, with the reason and the cause", () => {
    expect(toServeFailure("iris", "3", { reason: "digest_mismatch", detail: "so", cause })).toEqual(
      {
        reason: "model_unavailable",
        detail: "model 'iris' version '3' cannot be served (digest_mismatch): so",
        cause,
      },
    );
  });
});
