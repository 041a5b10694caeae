import { expect, it } from "vitest";
import { createMemoryEntityStore } from "../../../src/adapters/memory/entity-store.ts";
import { fail, ok } from "../../../src/core/model/result.ts";
import { putEntities } from "../../../src/core/quality/entities/put-entities.ts";
import { readFeatures } from "../../../src/core/quality/entities/read-features.ts";
import { must } from "../../support/must.ts";

const LIMITS = { deadlineMs: 100, maxBytes: 1_000 };
const clock = { now: () => 0 };

it("answers each id for itself in one round trip: unknown, impossible and repeated ones", async () => {
  const store = createMemoryEntityStore();
  const puts = ["a", "b"].map((id) => ({ id, change: { features: { id } } }));
  must(await putEntities({ entities: store, clock }, "match", puts));
  const asked: (readonly string[])[] = [];
  const entities: typeof store = {
    ...store,
    getMany(type, ids, ...limits) {
      asked.push(ids);
      return store.getMany(type, ids, ...limits);
    },
  };
  const ids = ["b", "none", "a b", "b", "a", ""];
  const read = must(await readFeatures({ entities }, "match", ids, LIMITS));
  const missing = { ok: false, failure: { reason: "entity_not_found" } };
  expect(read).toMatchObject([
    ok({ id: "b" }),
    missing,
    missing,
    ok({ id: "b" }),
    ok({ id: "a" }),
    missing,
  ]);
  expect(asked).toEqual([["b", "none", "a"]]);
});

it("reads a silence as a silence, never as absent", async () => {
  const silence = fail({ reason: "unreachable", detail: "no answer" });
  const entities = { ...createMemoryEntityStore(), getMany: async () => silence };
  expect(await readFeatures({ entities }, "match", ["a"], LIMITS)).toEqual(silence);
});
