import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { deploymentSchema } from "../../../src/core/model/deployment.ts";
import { madeWhenNeeded } from "../../../src/core/model/made-when-needed.ts";

function counted() {
  let made = 0;
  const schema = z.object({
    part: z.optional(
      madeWhenNeeded(() => {
        made += 1;
        return z.looseObject({ n: z._default(z.int(), 7) });
      }),
    ),
  });
  return { schema, made: () => made };
}

describe("a schema that is made when it is needed", () => {
  it("is not made for what lacks the part", () => {
    const { schema, made } = counted();
    expect([schema.parse({}), schema.parse({ part: undefined })]).toEqual([
      {},
      { part: undefined },
    ]);
    expect(made()).toBe(0);
  });

  it("is made once, and answers as it would in its place", () => {
    const { schema, made } = counted();
    expect(schema.parse({ part: { more: true } })).toEqual({ part: { n: 7, more: true } });
    expect(schema.parse({ part: { n: 1 } })).toEqual({ part: { n: 1 } });
    expect(made()).toBe(1);
  });

  it("says where in the document something is wrong, and what", () => {
    const { schema } = counted();
    const [issue] = schema.safeParse({ part: { n: "x" } }).error?.issues ?? [];
    const plain = z.object({ part: z.looseObject({ n: z.int() }) });
    const [expected] = plain.safeParse({ part: { n: "x" } }).error?.issues ?? [];
    expect([issue?.path, issue?.message]).toEqual([
      expected?.path,
      "expected a number, got a string",
    ]);
  });

  it("refuses null, which is not a part that is left out", () => {
    expect(counted().schema.safeParse({ part: null }).success).toBe(false);
  });
});

describe("a deployment", () => {
  const told = { model: "iris", rev: 1, aliases: { production: { weights: { "1": 100 } } } };
  const wrongPath = (more: object) =>
    deploymentSchema.safeParse({ ...told, ...more }).error?.issues[0]?.path.join(".");

  it.each([
    [{ cache: { ttl_ms: -1 } }, "cache.ttl_ms"],
    [{ policy: { use_cache: "yes" } }, "policy.use_cache"],
    [{ record: { rate: 2 } }, "record.rate"],
    [{ batching: { max_batch_size: 1 } }, "batching.max_batch_size"],
    [
      { strategies: { premium: { kind: "model", reference: "iris@2", attempts: 0 } } },
      "strategies.premium.attempts",
    ],
  ])("with %j is refused at %s", (more, path) => {
    expect(wrongPath(more)).toBe(path);
  });

  it("keeps fields of its settings that a newer writer put there", () => {
    const settings = { cache: { ttl_ms: 5, newer: 1 }, record: { rate: 0.5, newer: 2 } };
    expect(deploymentSchema.parse({ ...told, ...settings })).toMatchObject(settings);
  });
});
