import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryEntityStore } from "../../../src/adapters/memory/entity-store.ts";
import { isEntityType, isOwnId } from "../../../src/core/model/entity.ts";
import { fail } from "../../../src/core/model/result.ts";
import { UnreadableRow } from "../../../src/core/predict/rows/row-error.ts";
import {
  countTypes,
  readEntityRows,
  readEntityWord,
} from "../../../src/core/quality/entities/entity-rows.ts";
import { putEntities } from "../../../src/core/quality/entities/put-entities.ts";
import { must } from "../../support/must.ts";

describe("the word for an entity", () => {
  it("is told apart at its first colon: an id may have more of them", () => {
    expect(readEntityWord("match:2017:m-1")).toEqual({ type: "match", id: "2017:m-1" });
    const type = fc.string().filter(isEntityType);
    const id = fc.string({ minLength: 1, unit: "binary-ascii" }).filter(isOwnId);
    fc.assert(
      fc.property(type, id, (ofType, own) => {
        expect(readEntityWord(`${ofType}:${own}`)).toEqual({ type: ofType, id: own });
      }),
    );
  });

  it("is nothing but a type, a colon and an id", () => {
    const none = ["", ":", "match", "match:", ":m-1", "Match:m-1", "match:m 1", "match:.", 7, null];
    expect(none.map(readEntityWord)).toEqual(none.map(() => undefined));
  });

  it("counts as a type only where it is one", () => {
    expect(countTypes(["a:1", "b:1", "a:2", "", null])).toBe(2);
  });
});

describe("rows of entities", () => {
  async function storeOf(entities: Readonly<Record<string, object>>) {
    const store = createMemoryEntityStore();
    for (const [word, features] of Object.entries(entities)) {
      const { type = "", id = "" } = readEntityWord(word) ?? {};
      const put = { id, change: { features: { ...features } } };
      const deps = { entities: store, clock: { now: () => 0 } };
      must(await putEntities(deps, type, [put]));
    }
    const asked: string[] = [];
    const getMany: typeof store.getMany = (type, ids, ...limits) => {
      asked.push(`${type}: ${ids.join(" ")}`);
      return store.getMany(type, ids, ...limits);
    };
    return { entities: { ...store, getMany }, asked };
  }

  it("stand in the order of their words, with one round trip for each type", async () => {
    const { entities, asked } = await storeOf({ "match:1": { a: 1 }, "team:1": { b: 2 } });
    const words = ["team:1", "match:1", "match:1", "match:2", "team:1"];
    const read = must(await readEntityRows({ entities }, words));
    expect(read.rows).toEqual([{ b: 2 }, { a: 1 }, { a: 1 }, expect.any(UnreadableRow), { b: 2 }]);
    expect(read.entities).toEqual(words.map(readEntityWord));
    expect(asked).toEqual(["team: 1", "match: 1 2"]);
  });

  it("fail alone where there is nothing to predict on, and say what to do", async () => {
    const { entities } = await storeOf({ "match:1": { a: 1 }, "match:bare": {} });
    const words = ["match:none", "match:bare", "no word", "match:1"];
    const { rows } = must(await readEntityRows({ entities }, words));
    const wrong = rows.slice(0, 3) as readonly UnreadableRow[];
    expect(wrong.map(({ code }) => code)).toEqual([
      "entity_not_found",
      "entity_without_features",
      "invalid_row",
    ]);
    expect(wrong[0]?.what).toContain("PUT /v1/entities/match/none");
    expect(wrong[1]?.what).toContain("PUT /v1/entities/match/bare");
    expect(wrong[2]?.what).toContain("'type:id'");
    expect(rows[3]).toEqual({ a: 1 });
  });

  it("are not read from a silence: it is none of their absence", async () => {
    const silence = fail({ reason: "unreachable", detail: "no answer" });
    const entities = { ...createMemoryEntityStore(), getMany: async () => silence };
    expect(await readEntityRows({ entities }, ["match:1"])).toEqual(silence);
  });

  it("that are too large together are refused, whatever their types", async () => {
    const text = "x".repeat(60_000);
    const heavy = (type: string, count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`${type}:${index}`, { text }] as const),
      );
    const { entities } = await storeOf({ ...heavy("match", 40), ...heavy("team", 40) });
    const words = (type: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${type}:${index}`);
    const fitting = [...words("match", 35), ...words("team", 34), ...words("match", 35)];
    expect(must(await readEntityRows({ entities }, fitting)).rows).toHaveLength(104);
    const tooMany = [...words("match", 35), ...words("team", 36)];
    expect(await readEntityRows({ entities }, tooMany)).toMatchObject({
      failure: {
        reason: "entities_too_large",
        detail: expect.stringMatching(/4194304 bytes.*of 36 'team' there is room for 34/),
      },
    });
  });

  it("ask nothing for words that name no entity", async () => {
    const { entities, asked } = await storeOf({});
    await readEntityRows({ entities }, ["", 7]);
    expect(asked).toEqual([]);
  });
});
