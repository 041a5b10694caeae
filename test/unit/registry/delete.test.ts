import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { listKeys } from "../../../src/core/lifecycle/list-keys.ts";
import { replaceDeployment } from "../../../src/core/lifecycle/pointer/replace-deployment.ts";
import { promote } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { readDocument } from "../../../src/core/lifecycle/read-document.ts";
import { annotateVersion } from "../../../src/core/lifecycle/versions/annotate-version.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { tombstoneKey } from "../../../src/core/model/keys.ts";
import { failureOf, must } from "../../support/must.ts";
import { jsonBytes } from "../../support/publish.ts";
import {
  createTestRegistry,
  inShort,
  MOVER,
  point,
  publishAs,
  registryWithVersions,
  type TestRegistry,
} from "../../support/registry-core.ts";
import { findProblems } from "../../support/registry-invariants.ts";

let registry: TestRegistry;

const PATIENCE = { attempts: 3, backoff_ms: 1, mode: "background", max_concurrency: 1 } as const;

const remove = (version: string) => deleteVersion(registry.deps, "m", version, MOVER);
const read = async () => must(await readDeployment(registry.bucket, "m")).value;
const keysOf = async (version: string) =>
  must(await listKeys(registry.bucket, `models/m/versions/${version}/`)).map(({ key }) =>
    key.slice(key.lastIndexOf("/") + 1),
  );

beforeEach(async () => {
  registry = await registryWithVersions("a", "b", "c");
  must(await annotateVersion(registry.bucket, "m", "3", { tags: { a: "b" } }));
  registry.calls();
});

describe("deleting a version", () => {
  it("takes its objects, the bytes last, and leaves a tombstone that says who and why", async () => {
    must(await remove("3"));
    expect(registry.calls().filter((line) => /^(put|delete)/.test(line))).toEqual([
      "put m/deployment.json",
      "put m/history/0000000002.json",
      "delete m/versions/3/manifest.json",
      "delete m/versions/3/notes.json",
      "put m/versions/3/tombstone.json",
      "delete m/versions/3/model.onnx",
    ]);
    expect(await keysOf("3")).toEqual(["tombstone.json"]);
    const stone = await readDocument(registry.bucket, tombstoneKey("m", "3"), z.unknown());
    expect(must(stone).value).toMatchObject({ actor: "ada", reason: "a test" });
    expect((await read()).last_move).toMatchObject({ action: "delete", version: "3", rev: 2 });
  });

  it("never gives its number again, nor that of a newer one", async () => {
    must(await remove("3"));
    expect((await publishAs(registry.deps, "m", "d")).manifest.version).toBe("4");
    expect((await publishAs(registry.deps, "m", "c")).manifest.version).toBe("5");
  });

  it("twice is the same; one that never was is not found", async () => {
    must(await remove("3"));
    must(await remove("3"));
    expect((await read()).deleted).toEqual(["3"]);
    expect(failureOf(await remove("9")).reason).toBe("version_not_found");
    expect(failureOf(await deleteVersion(registry.deps, "none", "1", MOVER)).reason).toBe(
      "model_not_found",
    );
  });

  it("is refused with the aliases that name it, as shadows or with no traffic", async () => {
    const { deps } = registry;
    must(await point(deps, "m", "canary", { weights: { "1": 100, "2": 0 }, shadow: "3" }));
    const refusal = async (version: string) => failureOf(await remove(version));
    expect((await refusal("1")).detail).toContain("is named by production, canary: move them");
    expect((await refusal("2")).reason).toBe("version_in_use");
    expect((await refusal("3")).reason).toBe("version_in_use");
  });

  it("is refused while the model's premium strategy asks it", async () => {
    const { etag, value } = must(await readDeployment(registry.bucket, "m"));
    const premium = { kind: "model" as const, reference: "m@3", ...PATIENCE };
    const settings = { strategies: { premium } };
    const replacement = { aliases: value.aliases, force: false, settings };
    must(await replaceDeployment(registry.deps, "m", etag, replacement, MOVER));
    expect(failureOf(await remove("3"))).toMatchObject({
      reason: "version_in_use",
      detail: expect.stringContaining("the premium strategy"),
    });
    must(await remove("2"));
  });

  it("works on one whose manifest is damaged", async () => {
    await registry.bucket.put("models/m/versions/3/manifest.json", jsonBytes({}), {
      deadlineMs: 1,
    });
    must(await remove("3"));
    expect(await keysOf("3")).toEqual(["tombstone.json"]);
  });

  it("is finished by the next caller where one died", async () => {
    registry.store.break("delete m/versions/3/notes.json", "unreachable");
    expect(failureOf(await remove("3")).reason).toBe("store_unavailable");
    registry.store.mend();
    must(await remove("3"));
    expect(await keysOf("3")).toEqual(["tombstone.json"]);
  });

  it("says nothing of a reason where none was given", async () => {
    must(await deleteVersion(registry.deps, "m", "3", { actor: "ada" }));
    expect((await read()).last_move).not.toHaveProperty("reason");
  });
});

describe("deleting and promoting at once", () => {
  const toProduction = { from: "staging", to: "production", force: false };

  it.each(["get m/deployment.json", "get m/versions/2/manifest.json", "head m/history"])(
    "the delete that decides first wins, where the promotion waits at: %s",
    async (line) => {
      must(await point(registry.deps, "m", "staging", "2"));
      const other = createTestRegistry(registry.bucket);
      const gate = registry.store.holdNext(line);
      const promoted = promote(registry.deps, "m", toProduction, MOVER);
      must(await point(other.deps, "m", "staging", "1"));
      must(await deleteVersion(other.deps, "m", "2", MOVER));
      gate.open();
      const outcome = await promoted;
      // Where it has to read again it promotes what staging is by now: production is there already.
      if (!outcome.ok) expect(outcome.failure.reason).toMatch(/^version_(deleted|not_found)$/);
      expect(inShort(await read())).toEqual({ production: "1", staging: "1" });
      expect(await findProblems(registry.bucket, "m")).toEqual([]);
    },
  );

  it.each(["get m/deployment.json", "get m/versions/2/manifest.json", "head m/history"])(
    "the set that decides first wins, where the delete waits at: %s",
    async (line) => {
      const gate = registry.store.holdNext(line);
      const deleted = remove("2");
      must(await point(createTestRegistry(registry.bucket).deps, "m", "production", "2"));
      gate.open();
      expect(failureOf(await deleted).reason).toBe("version_in_use");
      expect(inShort(await read())).toEqual({ production: "2" });
      expect(await findProblems(registry.bucket, "m")).toEqual([]);
    },
  );

  it.each(["get m/deployment.json", "get m/versions/2/manifest.json", "head m/history"])(
    "a set to what is being deleted is refused, where it waits at: %s",
    async (line) => {
      const gate = registry.store.holdNext(line);
      const set = point(registry.deps, "m", "production", "2");
      must(await deleteVersion(createTestRegistry(registry.bucket).deps, "m", "2", MOVER));
      gate.open();
      expect(failureOf(await set).reason).toMatch(/^version_(deleted|not_found)$/);
      expect(await findProblems(registry.bucket, "m")).toEqual([]);
    },
  );
});
