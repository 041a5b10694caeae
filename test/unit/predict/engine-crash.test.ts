import { describe, expect, it } from "vitest";
import { fail } from "../../../src/core/model/result.ts";
import type { RunFailure } from "../../../src/core/ports/engine.ts";
import { ask, askInShort, fakeModel } from "../../support/ask.ts";
import { publish } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

async function serving(...models: readonly string[]): Promise<TestCore> {
  const core = createTestCore();
  for (const [index, model] of models.entries()) {
    await publish(core.bucket, model, fakeModel(7 + index));
    await askInShort(core, model);
  }
  return core;
}

/** The session's next run fails so. */
function failNextRun(core: TestCore, model: string, reason: RunFailure["reason"]): void {
  const session = core.deps.models.peek(model, "1")?.session;
  if (session === undefined) throw new Error("it has answered");
  session.run = async () => fail({ reason, detail: "the test said so" });
}

describe("an engine that crashed", () => {
  it("on this request: refuses the values, and every session is let go", async () => {
    const core = await serving("iris", "wine");
    failNextRun(core, "iris", "engine_crashed");
    core.story();
    expect(await ask(core, "iris")).toMatchObject({ failure: { reason: "engine_crashed" } });
    expect(core.deps.models.loaded()).toEqual([]);
    expect([...core.story()].sort()).toEqual([
      "engine crashed on iris@1",
      "evicted iris@1",
      "evicted wine@1",
    ]);
  });

  it("on another request: opens the model again, and the caller does not notice", async () => {
    const core = await serving("iris", "wine");
    failNextRun(core, "wine", "engine_lost");
    const opened = core.fake.opened;
    expect(await askInShort(core, "wine")).toBe("1 miss 8");
    expect(core.fake.opened).toBe(opened + 1);
    expect(await askInShort(core, "iris")).toBe("1 miss 7");
  });
});
