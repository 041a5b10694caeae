import { describe, expect, it } from "vitest";
import {
  indexRepository,
  listModels,
  listVersions,
} from "../../../src/core/lifecycle/list-repository.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { askInShort, fakeModel } from "../../support/ask.ts";
import { CHAOS } from "../../support/chaos-store.ts";
import { settle } from "../../support/manual-clock.ts";
import { putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const put = (core: TestCore, model: string, version: string, changes = {}) =>
  putVersion(core.bucket, model, version, fakeModel(Number(version) % 256), changes);

/** The same store, at most two names a page. */
const inPages = (store: ObjectStore): ObjectStore => ({
  ...store,
  list: (prefix, options) => store.list(prefix, { ...options, limit: 2 }),
});

describe("listing what is in the bucket", () => {
  it("names every model over all pages, in byte order", async () => {
    const core = createTestCore();
    for (const model of ["wine", "Zoo", "iris", "a-b", "a"]) await put(core, model, "1");
    const listed = await listModels(inPages(core.store));
    expect(listed).toEqual({ ok: true, value: ["Zoo", "a", "a-b", "iris", "wine"] });
    expect(core.story()).toEqual(["list ", "list ", "list "]);
  });

  it("passes over folders that cannot be models or versions", async () => {
    const core = createTestCore();
    await put(core, "iris", "1");
    for (const key of ["models/.trash/x", "models/iris/versions/latest/x", "models/readme"]) {
      await core.bucket.put(key, fakeModel(1), { deadlineMs: 1_000 });
    }
    expect(await listModels(core.store)).toEqual({ ok: true, value: ["iris"] });
    expect(await listVersions(core.store, "iris")).toEqual({ ok: true, value: ["1"] });
  });

  it("puts versions in numeric order", async () => {
    const core = createTestCore();
    for (const version of ["10", "9", "1", "100"]) await put(core, "iris", version);
    expect(await listVersions(inPages(core.store), "iris")).toEqual({
      ok: true,
      value: ["1", "9", "10", "100"],
    });
  });

  it("knows no versions of a model that is not there", async () => {
    expect(await listVersions(createTestCore().store, "iris")).toEqual({ ok: true, value: [] });
  });

  it("never reads a store that does not answer as an empty one", async () => {
    const core = createTestCore();
    await put(core, "iris", "1");
    core.store.break("list", "unreachable");
    const failure = { reason: "store_unavailable", cause: CHAOS };
    expect(await listModels(core.store)).toMatchObject({ ok: false, failure });
    expect(await listVersions(core.store, "iris")).toMatchObject({ ok: false, failure });
    expect(await indexRepository(core.deps)).toMatchObject({ ok: false, failure });
  });

  it("gives no half index when one model's versions cannot be listed", async () => {
    const core = createTestCore();
    for (const model of ["a", "b", "c"]) await put(core, model, "1");
    core.store.break("list b/versions/", "throttled");
    expect(await indexRepository(core.deps)).toMatchObject({
      failure: { reason: "store_unavailable" },
    });
  });
});

describe("the repository index", () => {
  const index = async (core: TestCore) => {
    const entries = await indexRepository(core.deps);
    return entries.ok ? entries.value : [];
  };

  it("says READY, LOADING or UNAVAILABLE of each version, with the reason", async () => {
    const core = createTestCore();
    for (const version of ["1", "2", "3"]) await put(core, "iris", version);
    await put(core, "iris", "4", { digest: "0".repeat(64) });
    await askInShort(core, "iris@1");
    await askInShort(core, "iris@4");
    const gate = core.store.holdNext("get iris/versions/2/model.onnx");
    const loading = askInShort(core, "iris@2");
    await settle();
    expect(await index(core)).toEqual([
      { name: "iris", version: "1", state: "READY", reason: "" },
      { name: "iris", version: "2", state: "LOADING", reason: "being loaded" },
      {
        name: "iris",
        version: "3",
        state: "UNAVAILABLE",
        reason: "not loaded in this isolate: the first request loads it",
      },
      {
        name: "iris",
        version: "4",
        state: "UNAVAILABLE",
        reason: expect.stringContaining("digest_mismatch: model.onnx is"),
      },
    ]);
    gate.open();
    await loading;
    expect((await index(core))[1]?.state).toBe("READY");
  });

  it("covers more models than it lists at once, in order", async () => {
    const core = createTestCore();
    const names = Array.from({ length: 12 }, (_, place) => `m${String(place).padStart(2, "0")}`);
    for (const name of names) await put(core, name, "1");
    expect((await index(core)).map(({ name }) => name)).toEqual(names);
  });

  it("does not make a listed version the most recently used", async () => {
    const core = createTestCore({ maxBytes: 2 });
    for (const version of ["1", "2", "3"]) await put(core, "iris", version);
    for (const version of ["2", "1"]) await askInShort(core, `iris@${version}`);
    await index(core);
    await askInShort(core, "iris@3");
    expect(core.deps.models.loaded().map(({ version }) => version)).toEqual(["3", "1"]);
  });
});
