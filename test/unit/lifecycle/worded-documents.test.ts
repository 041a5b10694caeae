import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { parseDocument } from "../../../src/core/lifecycle/read-document.ts";
import { deploymentSchema } from "../../../src/core/model/deployment.ts";

const { localeError } = z.config();
afterEach(() => void z.config({ localeError }));

const parse = (text: string) =>
  parseDocument("deployment.json", new TextEncoder().encode(text), deploymentSchema);

function said(changes: object): string {
  const parsed = parse(JSON.stringify({ model: "ge", rev: 1, aliases: {}, ...changes }));
  return parsed.ok ? "ok" : parsed.failure.detail;
}

const CASES: readonly (readonly [object, string])[] = [
  [{ aliases: undefined }, "aliases: expected an object, got nothing"],
  [{ aliases: [] }, "aliases: expected an object, got an array"],
  [{ aliases: null }, "aliases: expected an object, got null"],
  [{ model: 3 }, "model: expected a string, got a number"],
  [{ rev: -1 }, "rev: must be at least 0"],
  [{ rev: 1.5 }, "rev: expected a whole number, got a fraction"],
  [{ aliases: { production: { weights: { "1": 101 } } } }, "weights.1: must be at most 100"],
  [{ aliases: { production: { weights: { "1": 90 } } } }, "weights: weights do not sum to 100"],
  [{ aliases: { Live: { weights: { "1": 100 } } } }, "aliases.Live: not an alias"],
  [{ record: { rate: 2 } }, "record.rate: must be at most 1"],
  [{ policy: { use_cache: "yes" } }, "policy.use_cache: expected true or false, got a string"],
  [{ warm: [3] }, "warm.0: must be an alias, or a version"],
];

describe("a document that is nonsense", () => {
  it.each(CASES)("%j is told so: %s", (changes, words) => {
    expect(said(changes)).toContain(words);
  });

  it("is told in the same words by an isolate in which nobody has loaded the library's own", async () => {
    await import("zod");
    const warm = CASES.map(([changes]) => said(changes));
    z.config({ localeError: undefined });
    expect(CASES.map(([changes]) => said(changes))).toEqual(warm);
  });
});

it("takes a document that begins with a byte order mark, as some editors write it", () => {
  const text = JSON.stringify({ model: "ge", rev: 1, aliases: {} });
  expect(parse(`\uFEFF${text}`).ok).toBe(true);
  expect(parse(`\uFEFF\uFEFF${text}`).ok).toBe(false);
});
