import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { listKeys } from "../../../src/core/lifecycle/list-keys.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { digestKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes, putDeployment } from "../../support/publish.ts";
import {
  createTestRegistry,
  inShort,
  MOVER,
  publishAs,
  type TestRegistry,
  tryPublishing,
} from "../../support/registry-core.ts";
import { findProblems } from "../../support/registry-invariants.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: TestRegistry;

const publish = (label: string, wish = {}) => publishAs(registry.deps, "m", label, wish);
const refusal = async (label: string, wish = {}) =>
  failureOf(await tryPublishing(registry.deps, "m", label, wish));
const read = async () => must(await readDeployment(registry.bucket, "m")).value;
const keys = async () =>
  must(await listKeys(registry.bucket, "models/")).map(({ key }) => key.slice("models/m/".length));

beforeEach(() => {
  registry = createTestRegistry();
});

describe("publishing", () => {
  it("writes bytes, manifest and pointer in this order; a new model gets its production", async () => {
    const { created, manifest, deployment } = await publish("a");
    expect([created, manifest.version, inShort(deployment)]).toEqual([
      true,
      "1",
      { production: "1" },
    ]);
    expect(registry.calls().filter((line) => /^(put|delete)/.test(line))).toEqual([
      "put m/versions/1/model.onnx",
      expect.stringMatching(/^put m\/digests\/[0-9a-f]{64}\.json$/),
      "put m/versions/1/manifest.json",
      "put m/deployment.json",
      "put m/history/0000000001.json",
    ]);
  });

  it("says in the manifest what the publisher, the file and the trial run told", async () => {
    const bytes = registryModel("a", { metadata: { author: "x" } });
    registry.engine.growth = 5_000;
    const { manifest } = await publish("a", {
      bytes,
      draft: { task: "regression", metrics: { rmse: 2 }, tags: { team: "t" }, created_by: "ci" },
    });
    expect(manifest).toEqual({
      schema: 1,
      name: "m",
      version: "1",
      digest: createHash("sha256").update(bytes).digest("hex"),
      size_bytes: bytes.byteLength,
      created_at: "2026-01-01T00:00:00.000Z",
      created_by: "ci",
      task: "regression",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
      outputs: [{ name: "sum", datatype: "FP32", shape: [-1, 2] }],
      features: [],
      classes: [],
      metrics: { rmse: 2 },
      tags: { team: "t" },
      onnx: {
        ir_version: 8,
        opsets: { "ai.onnx": 17 },
        producer: "tests a",
        metadata: { author: "x" },
      },
      peak_memory_bytes: 5_000,
    });
  });

  it("guesses the task from the outputs' names, and the publisher from who moves", async () => {
    const bytes = registryModel("a", { output: "probabilities" });
    expect((await publish("a", { bytes })).manifest).toMatchObject({
      task: "classification",
      created_by: "ada",
    });
    expect((await publish("b")).manifest.task).toBe("other");
  });

  it("of the same bytes answers the version they are", async () => {
    const first = await publish("a");
    await publish("b");
    const again = await publish("a", { draft: { description: "told too late" } });
    expect([again.created, again.manifest, again.etag]).toEqual([
      false,
      first.manifest,
      first.etag,
    ]);
  });

  it("of the same bytes moves the alias all the same", async () => {
    await publish("a");
    await publish("b");
    const again = await publish("b", { alias: "staging" });
    expect([again.created, inShort(again.deployment)]).toEqual([
      false,
      { production: "1", staging: "2" },
    ]);
  });

  it("moves only the alias it is told to", async () => {
    await publish("a");
    expect(inShort((await publish("b", { alias: "constructor" })).deployment)).toEqual({
      production: "1",
      constructor: "2",
    });
    expect((await read()).rev).toBe(2);
  });

  it("does not move past a changed interface, and makes no version for it, unless forced", async () => {
    await publish("a");
    const bytes = registryModel("b", { input: "other" });
    const failure = await refusal("b", { bytes, alias: "production" });
    expect([failure.reason, inShort(await read())]).toEqual([
      "incompatible_schema",
      { production: "1" },
    ]);
    expect(failure.detail).toMatch(/^this file differs from version 1, which 'production' serves/);
    expect((await keys()).filter((key) => key.startsWith("versions/2/"))).toEqual([]);
    const forced = await publish("b", { bytes, alias: "production", force: true });
    expect([forced.created, inShort(forced.deployment)]).toEqual([true, { production: "2" }]);
  });

  it("tries bytes that are a version already no second time", async () => {
    await publish("a");
    const { opened } = registry.engine;
    registry.calls();
    expect((await publish("a")).created).toBe(false);
    expect(registry.engine.opened).toBe(opened);
    expect(registry.calls().filter((line) => line.startsWith("put"))).toEqual([]);
  });

  it("counts on above every number that anybody ever took", async () => {
    await publish("a");
    await registry.bucket.put(modelBytesKey("m", "7"), jsonBytes(1), { deadlineMs: 1 });
    await registry.bucket.put("models/m/versions/notes/x", jsonBytes(1), { deadlineMs: 1 });
    expect((await publish("b")).manifest.version).toBe("8");
  });

  it("finds the next number when others take them meanwhile", async () => {
    const gate = registry.store.holdNext("list m/versions/");
    const mine = publish("a");
    const other = createTestRegistry(registry.bucket);
    await publishAs(other.deps, "m", "b");
    await publishAs(other.deps, "m", "c");
    gate.open();
    expect((await mine).manifest.version).toBe("3");
  });

  it("gives up when others take every number it tries", async () => {
    registry.store.break("model.onnx", "precondition_lost");
    const failure = await refusal("a");
    expect(failure.reason).toBe("revision_conflict");
    expect(failure.detail).toContain("other publishers were faster at every try");
  });

  it("takes up what a dead publisher has begun", async () => {
    await publish("a");
    const bytes = registryModel("b");
    const digest = createHash("sha256").update(bytes).digest("hex");
    await registry.bucket.put(modelBytesKey("m", "2"), bytes, { deadlineMs: 1 });
    await registry.bucket.put(digestKey("m", digest), jsonBytes({ version: "2" }), {
      deadlineMs: 1,
    });
    expect((await publish("b")).manifest.version).toBe("2");
    expect((await publish("c")).manifest.version).toBe("3");
  });

  it("refuses a digest's claim that says nothing", async () => {
    const digest = createHash("sha256").update(registryModel("a")).digest("hex");
    await registry.bucket.put(digestKey("m", digest), jsonBytes({ version: "x" }), {
      deadlineMs: 1,
    });
    expect((await refusal("a")).reason).toBe("store_unavailable");
  });

  it("leaves a pointer alone that somebody wrote by hand", async () => {
    await putDeployment(registry.bucket, "m", 0, { production: { "5": 100 } });
    await publish("a");
    expect(inShort(await read())).toEqual({ production: "5" });
  });

  it("writes nothing when the pointer cannot be read", async () => {
    registry.store.break("get m/deployment.json", "unreachable");
    expect((await refusal("a")).reason).toBe("store_unavailable");
    expect(await keys()).toEqual([]);
  });

  it("refuses a manifest that would be too large to be read again, and writes nothing", async () => {
    const bytes = registryModel("a", { padding: 1_100_000 });
    const failure = await refusal("a", { bytes });
    expect(failure.reason).toBe("invalid_request");
    expect(failure.detail).toMatch(/manifest would take \d+ bytes, 1048576 is the most/);
    expect(await keys()).toEqual([]);
  });
});

describe("two publishers of the same bytes", () => {
  it("make one version; the loser's number stays taken by a tombstone", async () => {
    const gate = registry.store.holdNext("put m/digests/");
    const found = registry.store.holdNext("get m/digests/");
    const first = registry.store.holdNext("get m/digests/");
    const mine = publish("a");
    found.open();
    const reads: string[] = [];
    await vi.waitUntil(() => {
      reads.push(...registry.calls().filter((line) => line.startsWith("get m/digests/")));
      return reads.length === 2;
    });
    const other = await publishAs(createTestRegistry(registry.bucket).deps, "m", "a");
    first.open();
    gate.open();
    const answers = [(await mine).manifest.version, other.manifest.version];
    expect(answers).toEqual(["1", "1"]);
    expect([(await mine).created, other.created]).toEqual([false, true]);
    expect(await keys()).toContain("versions/2/tombstone.json");
    expect(await keys()).not.toContain("versions/2/model.onnx");
    expect((await publish("b")).manifest.version).toBe("3");
  });

  it("do not bury the version when a retried write made both believe that they own its number", async () => {
    const { store, bucket, deps } = registry;
    const listed = store.holdNext("list m/versions/");
    const mine = tryPublishing(
      {
        ...deps,
        store: {
          ...store,
          // As a store behind a retry: the bytes of a number that is taken are these very bytes.
          put: async (key, bytes, options) => {
            const done = await store.put(key, bytes, options);
            if (done.ok || !key.endsWith("model.onnx")) return done;
            return store.head(key, options);
          },
        },
      },
      "m",
      "a",
    );
    await publishAs(createTestRegistry(bucket).deps, "m", "a");
    listed.open();
    expect(must(await mine).manifest.version).toBe("1");
    expect(await findProblems(bucket, "m")).toEqual([]);
    expect(await keys()).not.toContain("versions/1/tombstone.json");
    expect((await publish("a")).created).toBe(false);
  });
});

describe("publishing bytes whose version is being deleted", () => {
  const settled = async () => {
    expect(await findProblems(registry.bucket, "m")).toEqual([]);
    expect((await read()).deleted).toEqual(["2"]);
    expect(await keys()).toEqual(expect.arrayContaining(["versions/3/manifest.json"]));
    expect((await keys()).filter((key) => key.startsWith("versions/2/"))).toEqual([
      "versions/2/tombstone.json",
    ]);
  };

  beforeEach(async () => {
    await publish("a");
    await publish("b");
  });

  it.each([
    "get m/digests/",
    "head m/versions/2/tombstone.json",
    "head m/versions/2/model.onnx",
    "get m/versions/2/manifest.json",
  ])("makes a new version when the delete comes after: %s", async (line) => {
    const gate = registry.store.holdNext(line);
    const mine = publish("b");
    must(await deleteVersion(createTestRegistry(registry.bucket).deps, "m", "2", MOVER));
    gate.open();
    expect((await mine).manifest.version).toBe("3");
    await settled();
  });

  it("makes a new version when the delete comes before the alias is moved", async () => {
    const { store, bucket } = registry;
    const mine = publish("b", { alias: "staging" });
    const gate = store.holdNext("get m/versions/2/manifest.json");
    const second = store.holdNext("get m/versions/2/manifest.json");
    gate.open();
    await gate.opened;
    must(await deleteVersion(createTestRegistry(bucket).deps, "m", "2", MOVER));
    second.open();
    expect((await mine).manifest.version).toBe("3");
    expect(inShort(await read())).toEqual({ production: "1", staging: "3" });
    await settled();
  });

  it("finishes what a deleter that died has left", async () => {
    const document = { ...(await read()), deleted: ["2"] };
    await registry.bucket.put("models/m/deployment.json", jsonBytes(document), { deadlineMs: 1 });
    expect((await publish("b")).manifest.version).toBe("3");
  });

  it("gives up when it is deleted each time", async () => {
    const { deps, store } = registry;
    const failing = {
      ...deps,
      store: {
        ...store,
        get: async (...asked: Parameters<typeof store.get>) => {
          const [key] = asked;
          const version = /versions\/(\d+)\/manifest/.exec(key)?.[1];
          if (version !== undefined) await deleteVersion(deps, "m", version, MOVER);
          return store.get(...asked);
        },
      },
    };
    const failure = failureOf(await tryPublishing(failing, "m", "b", { alias: "staging" }));
    expect(failure.reason).toBe("revision_conflict");
    expect(failure.detail).toContain("deleted 5 times");
  });
});
