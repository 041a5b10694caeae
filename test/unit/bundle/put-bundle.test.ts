import { beforeEach, describe, expect, it } from "vitest";
import { deleteBundle } from "../../../src/core/lifecycle/bundle/delete-bundle.ts";
import { listBundles } from "../../../src/core/lifecycle/bundle/list-bundles.ts";
import { type PutCondition, putBundle } from "../../../src/core/lifecycle/bundle/put-bundle.ts";
import { readBundle } from "../../../src/core/lifecycle/bundle/read-bundle.ts";
import { bundleDraftSchema } from "../../../src/core/model/bundle.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes, publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestRegistry, type TestRegistry } from "../../support/registry-core.ts";

const DEADLINE = { deadlineMs: 1_000 };
const BYTES = new Uint8Array(1);

let registry: TestRegistry;

const put = (references: readonly string[], condition: PutCondition = "any", name = "b") =>
  putBundle(registry.deps, name, { references: [...references] }, condition);
const stored = async (name = "b") => must(await readBundle(registry.bucket, name)).value;

beforeEach(async () => {
  registry = createTestRegistry();
  await publish(registry.bucket, "iris", BYTES);
  await putVersion(registry.bucket, "iris", "2", BYTES);
  await publish(registry.bucket, "wine", BYTES);
});

describe("putting a bundle", () => {
  it("makes it, then replaces it as a whole and counts the revision up", async () => {
    const made = must(
      await putBundle(
        registry.deps,
        "b",
        { references: ["iris"], description: "d", warm: true },
        "any",
      ),
    );
    expect(made).toMatchObject({ created: true, bundle: { name: "b", rev: 1, warm: true } });
    const replaced = must(await put(["iris@2", "wine"]));
    expect(replaced).toMatchObject({ created: false, bundle: { rev: 2 } });
    expect(await stored()).toEqual({ name: "b", references: ["iris@2", "wine"], rev: 2 });
    expect(replaced.etag).not.toBe(made.etag);
  });

  it("writes nothing when it says the same already", async () => {
    const made = must(await put(["iris"]));
    registry.calls();
    expect(must(await put(["iris"]))).toEqual({ ...made, created: false });
    expect(registry.calls().filter((line) => line.startsWith("put"))).toEqual([]);
  });

  it("holds what the caller asks to hold", async () => {
    const lost = async (condition: PutCondition, references = ["wine"]) =>
      failureOf(await put(references, condition)).reason;
    expect(await lost("present")).toBe("precondition_failed");
    expect(await lost({ etag: '"x"' })).toBe("precondition_failed");
    const { etag } = must(await put(["iris"], "absent"));
    expect(await lost("absent")).toBe("precondition_failed");
    must(await put(["wine"], { etag }));
    expect(await lost({ etag }, ["iris"])).toBe("precondition_failed");
    must(await put(["iris"], "present"));
    expect(await stored()).toMatchObject({ references: ["iris"], rev: 3 });
  });

  it("loses no revision of twenty writers at once", async () => {
    const puts = Array.from({ length: 20 }, (_, index) =>
      putBundle(registry.deps, "b", { references: ["iris"], description: `${index}` }, "any"),
    );
    const done = (await Promise.all(puts)).map(must);
    expect(done.map(({ bundle }) => bundle.rev).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect(done.filter(({ created }) => created)).toHaveLength(1);
    expect((await stored()).rev).toBe(20);
  });

  it("goes on at the next revision after a race that another one won", async () => {
    const gate = registry.store.holdNext("get bundles/b.json");
    const late = put(["iris"]);
    must(
      await putBundle(
        createTestRegistry(registry.bucket).deps,
        "b",
        { references: ["wine"] },
        "any",
      ),
    );
    gate.open();
    expect(must(await late).bundle).toMatchObject({ references: ["iris"], rev: 2 });
  });

  it("gives up after twenty lost races", async () => {
    registry.store.break("put bundles/b.json", "precondition_lost");
    expect(failureOf(await put(["iris"])).reason).toBe("revision_conflict");
  });

  it("names each reference that means nothing", async () => {
    await putDeployment(registry.bucket, "iris", 2, { production: { "1": 100 } });
    const document = {
      model: "wine",
      rev: 2,
      aliases: { production: { weights: { "1": 100 } } },
      deleted: ["4"],
    };
    await registry.bucket.put("models/wine/deployment.json", jsonBytes(document), DEADLINE);
    const failure = failureOf(await put(["iris", "gone", "iris@nobody", "iris@9", "wine@4"]));
    expect(failure).toMatchObject({
      reason: "unknown_reference",
      errors: [
        { path: "references.1", message: "there is no model 'gone'" },
        { path: "references.2", message: "iris@nobody: the model has production" },
        { path: "references.3", message: "model 'iris' has no version '9'" },
        { path: "references.4", message: "version '4' of model 'wine' is deleted" },
      ],
    });
    expect(failure.detail).toContain("there is no model 'gone'; iris@nobody");
    expect((await readBundle(registry.bucket, "b")).ok).toBe(false);
  });

  it("replaces a damaged one, and one that calls itself otherwise", async () => {
    for (const damaged of [
      new Uint8Array([1]),
      jsonBytes({ name: "other", references: ["iris"], rev: 7 }),
    ]) {
      await registry.bucket.put("bundles/b.json", damaged, DEADLINE);
      expect((await readBundle(registry.bucket, "b")).ok).toBe(false);
      expect(must(await put(["iris"]))).toMatchObject({ created: false, bundle: { rev: 1 } });
    }
  });

  it("tells a store that does not answer from a model that is not there", async () => {
    for (const call of ["get wine/deployment.json", "get bundles/b.json", "put bundles/b.json"]) {
      registry.store.break(call, "unreachable");
      expect([call, failureOf(await put(["wine"])).reason]).toEqual([call, "store_unavailable"]);
      registry.store.mend();
    }
    registry.store.break("get iris/versions/2/manifest.json", "unreachable");
    expect(failureOf(await put(["iris@2"])).reason).toBe("store_unavailable");
  });
});

describe("the body of a bundle", () => {
  const issueOf = (references: unknown) => {
    const parsed = bundleDraftSchema.safeParse({ references });
    return parsed.success ? undefined : parsed.error.issues[0]?.message;
  };

  it("names one to fifty models, each once", () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
    expect(issueOf(many(50))).toBeUndefined();
    expect(issueOf(many(51))).toContain("50 at most");
    expect(issueOf([])).toContain("must name a model");
    expect(issueOf(["iris", "iris@production"])).toContain("the same twice");
    expect(issueOf(["iris", "iris@staging", "iris@1"])).toBeUndefined();
    expect(issueOf(["-iris"])).toContain("not a reference");
    expect(issueOf(["iris@"])).toContain("not a reference");
    expect(issueOf(["iris@0"])).toContain("not a reference");
    expect(issueOf("iris")).toBeDefined();
  });

  it("loses no misspelt field", () => {
    expect(bundleDraftSchema.safeParse({ references: ["a"], wram: true }).success).toBe(false);
  });
});

describe("listing and deleting bundles", () => {
  beforeEach(async () => {
    for (const name of ["b", "a", "a-b"]) must(await put(["iris"], "any", name));
  });

  it("gives them by name in pages, a damaged one with its trouble", async () => {
    await registry.bucket.put("bundles/c.json", jsonBytes({}), DEADLINE);
    await registry.bucket.put("bundles/no/bundle.json", jsonBytes({}), DEADLINE);
    await registry.bucket.put("bundles/-no.json", jsonBytes({}), DEADLINE);
    const first = must(await listBundles(registry.store, { limit: 2 }));
    expect(first.items.map(({ name }) => name)).toEqual(["a", "a-b"]);
    const rest = must(await listBundles(registry.store, { limit: 2, after: first.nextAfter }));
    expect(rest).toMatchObject({
      items: [
        { name: "b", rev: 1 },
        { name: "c", problem: expect.stringContaining("put it anew") },
      ],
    });
    expect(rest).not.toHaveProperty("nextAfter");
  });

  it("says that the store does not answer", async () => {
    registry.store.break("bundles/", "unreachable");
    expect(failureOf(await listBundles(registry.store, { limit: 2 })).reason).toBe(
      "store_unavailable",
    );
    expect(failureOf(await deleteBundle(registry.store, "a")).reason).toBe("store_unavailable");
  });

  it("deletes one while it is the one that was read", async () => {
    const { etag } = must(await put(["iris", "wine"], "any", "a"));
    expect(failureOf(await deleteBundle(registry.store, "a", '"old"')).reason).toBe(
      "precondition_failed",
    );
    must(await deleteBundle(registry.store, "a", etag));
    must(await deleteBundle(registry.store, "b"));
    expect(failureOf(await deleteBundle(registry.store, "b")).reason).toBe("bundle_not_found");
    expect(must(await listBundles(registry.store, { limit: 9 })).items).toHaveLength(1);
  });
});
