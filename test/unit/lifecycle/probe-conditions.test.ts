import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { probeConditions } from "../../../src/core/lifecycle/probe-conditions.ts";
import { fail } from "../../../src/core/model/result.ts";
import type { ObjectStore, PutOptions } from "../../../src/core/ports/object-store.ts";
import { createChaosStore } from "../../support/chaos-store.ts";

const isCreation = ({ when }: PutOptions) => when === "absent";

/** A store that does with some conditions what it should not. */
function storeThat(does: "ignores" | "refuses", which: (options: PutOptions) => boolean) {
  const inner = createMemoryObjectStore({ digest: createNodeDigest() });
  const store: ObjectStore = {
    ...inner,
    put(key, bytes, options) {
      const { when, ...rest } = options;
      if (when === undefined || !which(options)) return inner.put(key, bytes, options);
      if (does === "ignores") return inner.put(key, bytes, rest);
      return Promise.resolve(fail({ reason: "precondition_lost", detail: key }));
    },
  };
  return store;
}

describe("probing a store's conditional writes", () => {
  it.each([
    ["none", storeThat("ignores", () => false), "enforced", "enforced"],
    ["creations", storeThat("ignores", isCreation), "ignored", "enforced"],
    ["replacements", storeThat("ignores", (put) => !isCreation(put)), "enforced", "ignored"],
    ["all", storeThat("ignores", () => true), "ignored", "ignored"],
    ["a right creation", storeThat("refuses", isCreation), "refused", "enforced"],
    ["a right one", storeThat("refuses", (put) => !isCreation(put)), "enforced", "refused"],
  ])("tells a store that mistakes %s", async (_what, store, create, replace) => {
    expect(await probeConditions(store, "id")).toEqual({ ok: true, value: { create, replace } });
    const left = await store.list("", { deadlineMs: 1 });
    expect(left).toMatchObject({ value: { objects: [] } });
  });

  it("does not take a store that does not answer for one that says no", async () => {
    const store = createChaosStore(createMemoryObjectStore({ digest: createNodeDigest() }));
    store.break("put probes/", "unreachable");
    expect(await probeConditions(store, "id")).toMatchObject({
      failure: { reason: "unreachable" },
    });
  });
});
