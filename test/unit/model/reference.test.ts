import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatReference,
  isAlias,
  isModelName,
  isVersion,
  parseReference,
  parseReferenceWord,
} from "../../../src/core/model/reference.ts";

describe("reference", () => {
  it.each([
    ["iris", { model: "iris", selector: { kind: "alias", alias: "production" } }],
    ["iris@3", { model: "iris", selector: { kind: "version", version: "3" } }],
    ["iris@staging", { model: "iris", selector: { kind: "alias", alias: "staging" } }],
    ["a.b-c_9@1", { model: "a.b-c_9", selector: { kind: "version", version: "1" } }],
  ])("reads %s", (word, expected) => {
    expect(parseReferenceWord(word)).toEqual({ ok: true, value: expected });
  });

  it.each([
    "",
    "@1",
    ".hidden",
    "-x",
    "a/b",
    "a b",
    "é",
    "a".repeat(129),
    "..",
    "iris@",
    "iris@0",
    "iris@01",
    "iris@1.0",
    "iris@Prod",
    "iris@a@b",
  ])("refuses '%s' as a bad reference", (word) => {
    const parsed = parseReferenceWord(word);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.failure.reason).toBe("bad_reference");
  });

  it("keeps a long text out of its message", () => {
    const parsed = parseReference("x".repeat(10_000));
    expect(!parsed.ok && parsed.failure.detail.length).toBeLessThan(300);
  });

  it("is written as it was read", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
    const selector = fc.oneof(
      fc.stringMatching(/^[1-9][0-9]{0,9}$/),
      fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/),
    );
    fc.assert(
      fc.property(name, selector, (model, chosen) => {
        const parsed = parseReference(model, chosen);
        expect(parsed.ok && formatReference(parsed.value)).toBe(`${model}@${chosen}`);
      }),
    );
  });

  it("never takes one word for both a version and an alias", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(isVersion(text) && isAlias(text)).toBe(false);
        if (isModelName(text)) expect(text).toMatch(/^[A-Za-z0-9]/);
      }),
    );
  });
});
