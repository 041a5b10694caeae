import { beforeEach, describe, expect, it } from "vitest";
import { currentDeployment } from "../../../src/core/lifecycle/pointer/current-deployment.ts";
import { annotateVersion } from "../../../src/core/lifecycle/versions/annotate-version.ts";
import { compareVersions } from "../../../src/core/lifecycle/versions/compare-versions.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import {
  describeVersion,
  versionMeant,
} from "../../../src/core/lifecycle/versions/describe-version.ts";
import { listVersionDescriptions } from "../../../src/core/lifecycle/versions/list-versions.ts";
import { modelBytesKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes } from "../../support/publish.ts";
import {
  createTestRegistry,
  MOVER,
  point,
  publishAs,
  type TestRegistry,
} from "../../support/registry-core.ts";
import { registryModel } from "../../support/registry-models.ts";

let registry: TestRegistry;

const current = async () => must(await currentDeployment(registry.store, "m")).value;
const show = async (version: string) => describeVersion(registry.store, await current(), version);
const annotate = (change: Parameters<typeof annotateVersion>[3], version = "1") =>
  annotateVersion(registry.store, "m", version, change);
const list = async (before?: number, limit = 20) =>
  must(await listVersionDescriptions(registry.store, await current(), { before, limit }));

beforeEach(async () => {
  registry = createTestRegistry();
  const draft = { tags: { team: "t", stage: "x" }, description: "first", metrics: { auc: 0.8 } };
  await publishAs(registry.deps, "m", "a", { draft });
});

describe("a version's description", () => {
  it("is its manifest with who serves it and the etag of its bytes", async () => {
    must(await point(registry.deps, "m", "canary", { weights: { "1": 100 } }));
    const shown = must(await show("1"));
    const { etag } = must(await registry.bucket.head(modelBytesKey("m", "1"), { deadlineMs: 1 }));
    expect(shown).toMatchObject({
      version: "1",
      description: "first",
      tags: { team: "t", stage: "x" },
      aliases: ["production", "canary"],
      etag,
    });
    expect(shown).not.toHaveProperty("deprecated");
  });

  it("does without the bytes' etag when they do not answer", async () => {
    registry.store.break("head", "unreachable");
    expect(must(await show("1"))).not.toHaveProperty("etag");
  });

  it("is refused for what is deleted or never was", async () => {
    await publishAs(registry.deps, "m", "b");
    must(await deleteVersion(registry.deps, "m", "2", MOVER));
    expect(failureOf(await show("2")).reason).toBe("version_deleted");
    expect(failureOf(await show("3")).reason).toBe("version_not_found");
  });

  it("of an alias is that of the version with the most traffic", async () => {
    await publishAs(registry.deps, "m", "b");
    must(await point(registry.deps, "m", "split", { weights: { "1": 30, "2": 70 } }));
    const meant = async (alias: string) =>
      versionMeant(await current(), { model: "m", selector: { kind: "alias", alias } });
    expect(must(await meant("split"))).toBe("2");
    expect(failureOf(await meant("constructor")).detail).toContain("it has production, split");
  });
});

describe("notes", () => {
  it("lie over the manifest: tags added, changed and taken, the rest as it was", async () => {
    must(await annotate({ tags: { team: null, stage: "y", new: "z" } }));
    expect(must(await show("1"))).toMatchObject({
      tags: { stage: "y", new: "z" },
      description: "first",
    });
    must(await annotate({ tags: { stage: null } }));
    expect(must(await show("1")).tags).toEqual({ new: "z" });
  });

  it("describe anew, and take a description away for good", async () => {
    must(await annotate({ description: "second" }));
    expect(must(await show("1")).description).toBe("second");
    must(await annotate({ description: null }));
    expect(must(await show("1"))).not.toHaveProperty("description");
    must(await annotate({ tags: { x: "y" } }));
    expect(must(await show("1"))).not.toHaveProperty("description");
  });

  it("deprecate, and take it back", async () => {
    const deprecated = { at: "2026-01-02T00:00:00Z", reason: "use 2" };
    must(await annotate({ deprecated }));
    expect(must(await show("1")).deprecated).toEqual(deprecated);
    must(await annotate({ deprecated: null }));
    expect(must(await show("1"))).not.toHaveProperty("deprecated");
  });

  it("of two writers at once are both kept", async () => {
    const gate = registry.store.holdNext("get m/versions/1/notes.json");
    const mine = annotate({ tags: { mine: "1" } });
    must(await annotateVersion(registry.bucket, "m", "1", { tags: { yours: "2" } }));
    gate.open();
    must(await mine);
    expect(must(await show("1")).tags).toEqual({ team: "t", stage: "x", mine: "1", yours: "2" });
  });

  it("end with a conflict after many losses", async () => {
    registry.store.break("put m/versions/1/notes.json", "precondition_lost");
    expect(failureOf(await annotate({ tags: {} })).reason).toBe("revision_conflict");
  });

  it("are of a version that is there", async () => {
    expect(failureOf(await annotate({ tags: {} }, "9")).reason).toBe("version_not_found");
  });
});

describe("the list of versions", () => {
  it("is newest first, in pages; deleted, unfinished and damaged ones are left out", async () => {
    for (const label of ["b", "c", "d", "e", "f"]) await publishAs(registry.deps, "m", label);
    must(await deleteVersion(registry.deps, "m", "4", MOVER));
    await registry.bucket.put(modelBytesKey("m", "7"), jsonBytes(1), { deadlineMs: 1 });
    await registry.bucket.put("models/m/versions/5/manifest.json", jsonBytes(1), { deadlineMs: 1 });
    const first = await list(undefined, 4);
    expect([first.items.map(({ version }) => version), first.nextBefore]).toEqual([["6"], 4]);
    const second = await list(4, 2);
    expect([second.items.map(({ version }) => version), second.nextBefore]).toEqual([
      ["3", "2"],
      2,
    ]);
    const last = await list(2, 2);
    expect([last.items.map(({ version }) => version), last.nextBefore]).toEqual([["1"], undefined]);
  });

  it("is ordered by number, not by text", async () => {
    for (let n = 2; n <= 11; n += 1) await publishAs(registry.deps, "m", `${n}`);
    expect((await list(undefined, 3)).items.map(({ version }) => version)).toEqual([
      "11",
      "10",
      "9",
    ]);
  });
});

describe("comparing two versions", () => {
  const compare = (a: string, b: string) => compareVersions(registry.store, "m", [a, b]);

  it("puts metrics, size and memory side by side", async () => {
    const draft = { metrics: { auc: 0.9, note: "good", only: 1 } };
    await publishAs(registry.deps, "m", "b", { draft });
    const compared = must(await compare("production", "2"));
    expect([compared.a.version, compared.b.version]).toEqual(["1", "2"]);
    expect(compared).toMatchObject({
      same_bytes: false,
      compatible: true,
      schema_differences: [],
      metrics: [
        { name: "auc", a: 0.8, b: 0.9, difference: expect.closeTo(0.1) },
        { name: "note", a: null, b: null, difference: null },
        { name: "only", a: null, b: 1, difference: null },
      ],
      peak_memory_bytes: { a: 100, b: 100, difference: 0 },
    });
    expect(must(await compare("1", "1")).same_bytes).toBe(true);
  });

  it("names what stands in the way of one following the other", async () => {
    await publishAs(registry.deps, "m", "b", { bytes: registryModel("b", { input: "y" }) });
    const { compatible, schema_differences } = must(await compare("1", "2"));
    expect([compatible, schema_differences.length]).toEqual([false, 2]);
  });

  it("needs two that are there", async () => {
    const reason = async (a: string, b: string) => failureOf(await compare(a, b)).reason;
    expect(await reason("1", "9")).toBe("version_not_found");
    expect(await reason("1", "staging")).toBe("alias_not_found");
    expect(await reason("?", "1")).toBe("bad_reference");
    const none = await compareVersions(registry.store, "none", ["1", "1"]);
    expect(failureOf(none).reason).toBe("model_not_found");
  });
});
