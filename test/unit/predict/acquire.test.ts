import { describe, expect, it } from "vitest";
import { ask, askInShort, fakeModel, inShort } from "../../support/ask.ts";
import { CHAOS } from "../../support/chaos-store.ts";
import { settle } from "../../support/manual-clock.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

async function published(): Promise<TestCore> {
  const core = createTestCore();
  await publish(core.bucket, "iris", fakeModel(7));
  return core;
}

describe("coming by a session", () => {
  it("costs no I/O at all once model and version are known", async () => {
    const core = await published();
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
    core.story();
    expect(await askInShort(core, "iris")).toBe("1 hit 7");
    expect(core.story()).toEqual([]);
  });

  it("tells the request that loads from those that wait with it", async () => {
    const core = await published();
    const gate = core.store.holdNext("model.onnx");
    const asked = ["iris", "iris", "iris@1"].map((word) => askInShort(core, word));
    await settle();
    gate.open();
    expect(await Promise.all(asked)).toEqual(["1 collapsed 7", "1 collapsed 7", "1 miss 7"]);
    expect(core.fake.opened).toBe(1);
  });

  it("takes a fixed version as itself, without waiting for the deployment", async () => {
    const core = createTestCore();
    await putVersion(core.bucket, "iris", "3", fakeModel(3));
    const gate = core.store.holdNext("deployment.json");
    const answer = await ask(core, "iris@3");
    expect(answer).toMatchObject({ value: { route: "3", loaded: { version: "3" } } });
    gate.open();
  });

  it("names the alias and the version it stood for", async () => {
    const core = await published();
    expect(await ask(core, "iris@production")).toMatchObject({ value: { route: "production:1" } });
  });

  it("holds a caller on the variant of an earlier answer", async () => {
    const core = await published();
    await putVersion(core.bucket, "iris", "2", fakeModel(8));
    await putDeployment(core.bucket, "iris", 2, { production: { "1": 99, "2": 1 } });
    const stickiness = () => ({ random: () => 0, route: "production:2" });
    expect(await askInShort(core, "iris", { stickiness })).toBe("2 miss 8");
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
  });
});

describe("a reference that leads nowhere", () => {
  it.each([
    ["wine", "model_not_found"],
    ["iris@staging", "alias_not_found"],
    ["iris@constructor", "alias_not_found"],
    ["iris@9", "version_not_found"],
    ["wine@1", "version_not_found"],
  ])("answers %s with %s", async (word, reason) => {
    const core = await published();
    expect(await askInShort(core, word)).toBe(reason);
    expect(core.fake.opened).toBe(0);
  });

  it.each(["deployment.json", "manifest.json", "model.onnx"])(
    "never answers 'not found' when the store does not answer for %s",
    async (part) => {
      const core = await published();
      core.store.break(part, "unreachable");
      expect(await ask(core, "iris")).toMatchObject({
        failure: { reason: "store_unavailable", cause: CHAOS },
      });
      core.store.mend();
      expect(await askInShort(core, "iris")).toBe("1 miss 7");
    },
  );

  it("answers for a broken version at once while it is known to be broken", async () => {
    const core = await published();
    await putVersion(core.bucket, "iris", "1", fakeModel(7), { digest: "0".repeat(64) });
    const first = await ask(core, "iris");
    core.story();
    expect(inShort(first)).toBe("model_unavailable");
    expect(await ask(core, "iris")).toEqual(first);
    expect(core.story()).toEqual([]);
  });
});
