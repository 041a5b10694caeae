import { type Schema, Validator } from "@cfworker/json-schema";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/core/model/tensor.ts";
import {
  compilePattern,
  MAX_PATTERN_STEPS,
  MAX_TRIED_CHARACTERS,
} from "../../../src/core/predict/premium/answer-patterns.ts";
import { breachOf } from "../../../src/core/predict/premium/answer-schema.ts";
import { checkSchema } from "../../../src/core/predict/premium/check-schema.ts";

const texts = (name: string, ...data: readonly string[]): Tensor => ({
  ...{ name, datatype: "BYTES", shape: [data.length], data },
});
const labels = (pattern: string) => ({ properties: { label: { items: { pattern } } } });

describe("a pattern of an answer's schema", () => {
  // By backtracking thirty letters take many seconds, and each one more takes twice as long.
  it.each(["^(a+)+$", "^(a|a)*$", "^(a*)*$", "(x+x+)+y|^(a+)*b"])(
    "%s is tried in no time on what it almost matches",
    (pattern) => {
      const almost = `${"a".repeat(30)}!`;
      expect(checkSchema(labels(pattern))).toEqual([]);
      expect(breachOf(labels(pattern), [texts("label", almost)])).toBe(
        "#/label/0 breaks #/properties/label/items/pattern",
      );
    },
  );

  it("is tried on the last character of the largest answer that it is tried on at all", () => {
    const schema = labels("^(a+)+$");
    const most = MAX_TRIED_CHARACTERS - "label".length;
    expect(breachOf(schema, [texts("label", "a".repeat(most))])).toBeUndefined();
    expect(breachOf(schema, [texts("label", `${"a".repeat(most - 1)}!`)])).toContain("pattern");
    const more = [texts("label", "a".repeat(most)), texts("other", "a")];
    expect(breachOf(schema, more)).toBe(
      `there are ${MAX_TRIED_CHARACTERS + 6} characters of text, patterns are tried on ${MAX_TRIED_CHARACTERS}`,
    );
    expect(breachOf({ required: ["label"] }, more)).toBeUndefined();
  });

  it("that appears behind a reference into no keyword of the draft's is none that backtracks", () => {
    const schema = {
      definitions: { enum: { pattern: "^(a+)+$" } },
      properties: { label: { items: { $ref: "#/definitions/enum" } } },
    };
    expect(breachOf(schema, [texts("label", `${"a".repeat(30)}!`)])).toContain("pattern");
    expect(breachOf(schema, [texts("label", "aaa")])).toBeUndefined();
  });

  it.each([
    ["look-ahead", "^(?=a)"],
    ["look-behind", "(?<=a)b"],
    ["a back-reference", "(a)\\1"],
    ["what only RE2 knows", "\\Qa"],
    ["more steps than there may be", `(a{100}){${MAX_PATTERN_STEPS / 100}}`],
  ])("is refused with %s", (_what, pattern) => {
    const [problem, ...others] = checkSchema(labels(pattern));
    expect(problem).toMatchObject({
      path: "properties.label.items.pattern",
      message: expect.stringContaining("without look-around and back-references"),
    });
    expect(others).toEqual([]);
    // One that a deployment has had for long lets no answer pass.
    expect(breachOf(labels(pattern), [texts("label", "a")])).toBe("the schema cannot be applied");
  });

  it("is refused where all of them together take more steps than there may be", () => {
    const schema = { anyOf: [labels("a{400}"), labels("b{400}"), labels("c{400}")] };
    expect(checkSchema(schema)).toMatchObject(
      [{ path: "", message: /1000 steps/ }].map(anyMessage),
    );
    expect(breachOf(schema, [])).toBe("the schema cannot be applied");
  });
});

const anyMessage = ({ path, message }: { path: string; message: RegExp }) => ({
  path,
  message: expect.stringMatching(message),
});

const letter = fc.constantFrom("a", "b", "\n", ".", "|", "(", "\\", "é", "😀", "$", "-", "/");
const word = fc.array(letter, { maxLength: 5 }).map((letters) => letters.join(""));

/** Patterns that do not backtrack much on words of a few letters. */
const pattern = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        "a",
        "b",
        "[ab]",
        "[^a]",
        "\\w",
        "\\d",
        "\\.",
        "(?:ab|b)",
        "\\p{L}",
        "é",
        "\\u{1F600}",
      ),
      fc.constantFrom("", "*", "+", "?", "{2}", "{0,2}", "+?"),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .chain((parts) =>
    fc.constantFrom("", "^", "$", "^$").map((ends) => {
      const inner = parts.map((part) => part.join("")).join("");
      return `${ends.includes("^") ? "^" : ""}${inner}${ends.includes("$") ? "$" : ""}`;
    }),
  );

describe("patterns in linear time", () => {
  it("match what ECMAScript's match", () => {
    fc.assert(
      fc.property(pattern, word, (source, text) => {
        expect(compilePattern(source)?.test(text)).toBe(new RegExp(source, "u").test(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it("have a schema hold of an answer exactly where it holds by itself", () => {
    const name = fc.constantFrom("a", "ab", "b", "b.");
    const { node } = fc.letrec<{ node: object }>((tie) => ({
      node: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        pattern.map((source) => ({ pattern: source })),
        fc.constantFrom({}, { type: "string" }, { minItems: 2 }, { additionalProperties: false }),
        fc.record({ not: tie("node") }),
        fc.record({ anyOf: fc.array(tie("node"), { minLength: 1, maxLength: 2 }) }),
        fc.record({ items: tie("node") }),
        fc.record({ propertyNames: tie("node") }),
        fc.record({ contains: tie("node") }),
        fc
          .tuple(fc.dictionary(pattern, tie("node"), { minKeys: 1, maxKeys: 2 }), fc.boolean())
          .map(([patternProperties, isClosed]) =>
            isClosed ? { patternProperties, additionalProperties: false } : { patternProperties },
          ),
        fc.dictionary(name, tie("node"), { maxKeys: 2 }).map((properties) => ({ properties })),
      ),
    }));
    const answer = fc.dictionary(name, fc.array(word, { maxLength: 3 }), { maxKeys: 3 });
    fc.assert(
      fc.property(node, answer, (schema, given) => {
        const plain = { ...given };
        const own = JSON.parse(JSON.stringify(schema)) as Schema;
        const { valid } = new Validator(own, "2020-12").validate(plain);
        const tensors = Object.entries(plain).map(([output, data]) => texts(output, ...data));
        expect(breachOf({ ...schema }, tensors) === undefined).toBe(valid);
      }),
      { numRuns: 3_000 },
    );
  });
});
