import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { locateJsonError } from "../../../src/http/body/locate-json-error.ts";
import { parseJson } from "../../../src/http/body/parse-json.ts";

const parse = (text: string, maxDepth = 64) =>
  parseJson(new TextEncoder().encode(text), { maxDepth });

const detailOf = (text: string) => {
  const result = parse(text);
  return result.ok ? "ok" : result.failure.detail.replace("the body is not valid JSON: ", "");
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Text that is nearly JSON, or just is: bits of it in any order. */
const tokens = fc
  .array(
    fc.constantFrom(
      ..."[]{}:,\"\\-+.eE0123456789 \t\n\r\u00a0\ufeff\u2028\u0001'/",
      ...["true", "false", "null", "NaN", "-Infinity", '"a"', '"\\u00e9"', '"\\ud800"', '"\\x"'],
      ...["[1,2]", '{"a":1}', "-0", "1.5e-7", "01", "1.", ".5", "[[", "]]", '":', ',"', "é", "😀"],
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""))
  .filter((text) => text.isWellFormed());

/** JSON with one place changed, taken out or put in. */
const almost = fc
  .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.nat({ max: 2 }), tokens)
  .map(([json, place, length, piece]) => {
    const at = place % (json.length + 1);
    return json.slice(0, at) + piece + json.slice(at + length);
  })
  .filter((text) => text.isWellFormed());

describe("JSON of a body", () => {
  it.each([
    ["[1, 2,\n  x]", "unexpected 'x' at line 2, column 3; expected a value"],
    ["[1,]", "unexpected ']' at line 1, column 4; expected a value"],
    ["[,", "unexpected ',' at line 1, column 2; expected a value or ']'"],
    ["[1 2]", "unexpected '2' at line 1, column 4; expected ',' or ']'"],
    ['{"a": 1,}', "unexpected '}' at line 1, column 9; expected a key in double quotes"],
    ["{a: 1}", "unexpected 'a' at line 1, column 2; expected a key in double quotes or '}'"],
    ['{"a" 1}', "unexpected '1' at line 1, column 6; expected ':'"],
    ['{"a": 1]', "unexpected ']' at line 1, column 8; expected ',' or '}'"],
    ["{'a': 1}", "unexpected ''' at line 1, column 2; expected a key in double quotes or '}'"],
    ["1 2", "unexpected '2' at line 1, column 3; expected the end"],
    ["01", "unexpected '1' at line 1, column 2; expected the end"],
    ["[1]]", "unexpected ']' at line 1, column 4; expected the end"],
    ['{"a": [1,\r\n\r\n 2', "it ends at line 3, column 3; expected ',' or ']'"],
    ['{"a"', "it ends at line 1, column 5; expected ':'"],
    ['"abc', "it ends at line 1, column 5; expected '\"'"],
    ['"\\x"', "unexpected '\\' at line 1, column 2; expected an escape of JSON"],
    ['"\\u12g4"', "unexpected '\\' at line 1, column 2; expected an escape of JSON"],
    [
      '"a\nb"',
      "unexpected U+000A at line 1, column 3; expected an escape instead of a control character",
    ],
    ["\n\n\u00a0", "unexpected U+00A0 at line 3, column 1; expected a value"],
    ["[😀]", "unexpected U+1F600 at line 1, column 2; expected a value or ']'"],
    ["", "it is empty"],
    [" \n\t\r", "it is empty"],
  ])("says where it breaks and what belongs there: %j", (text, detail) => {
    expect(detailOf(text)).toBe(detail);
  });

  it.each(["[NaN]", "[1, nan]", "[-Infinity]", "[+inf]", "Infinity"])(
    "says how to write what JSON has not: %s",
    (text) => {
      expect(detailOf(text)).toContain('send "NaN", "Infinity" or "-Infinity"');
    },
  );

  it("does not look again through a very long text", () => {
    expect(detailOf(`[${"1,".repeat(2_000_001)}]`)).toBe("syntax error");
    expect(detailOf(`[${"1,".repeat(1_000_000)}]`)).toContain("column 2000002");
  });

  it("may begin with one byte order mark, not two", () => {
    expect(parse("\ufeff[1]")).toEqual({ ok: true, value: [1] });
    expect(detailOf("\ufeff\ufeff[1]")).toBe(
      "unexpected U+FEFF at line 1, column 1; expected a value",
    );
  });

  it("has __proto__ as a key like another, and of a repeated key the last", () => {
    const parsed = parse('{"__proto__": {"polluted": 1}, "a": 1, "a": 2}');
    expect(parsed).toMatchObject({ ok: true, value: { a: 2 } });
    const value: unknown = parsed.ok ? parsed.value : undefined;
    expect(Object.keys(value as object)).toEqual(["__proto__", "a"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  it("is what JSON.parse takes, for text that is nearly JSON", () => {
    const agrees = (text: string) => {
      fc.pre(!text.startsWith("\ufeff"));
      const result = parse(text, 1_000);
      expect(result.ok).toBe(isJson(text));
      if (result.ok) expect(result.value).toEqual(JSON.parse(text));
      else expect(result.failure.detail).toMatch(/at line \d+, column \d+; expected|it is empty/);
    };
    fc.assert(fc.property(tokens, agrees), { numRuns: 1_000 });
    fc.assert(fc.property(almost, agrees), { numRuns: 1_000 });
  });
});

describe("the spot of an error", () => {
  it("is there exactly when JSON.parse refuses, and all before it could go on", () => {
    const fits = (text: string) => {
      const spot = locateJsonError(text);
      expect(spot === undefined).toBe(isJson(text));
      if (spot === undefined) return;
      expect(spot.offset).toBeGreaterThanOrEqual(0);
      expect(spot.offset).toBeLessThanOrEqual(text.length);
      // What stands before the spot is right so far: there, alone, it merely ends too early.
      const before = text.slice(0, spot.offset);
      const end = locateJsonError(before)?.offset ?? before.length;
      expect(end === before.length || spot.expected === "an escape of JSON").toBe(true);
    };
    fc.assert(fc.property(tokens, fits), { numRuns: 1_000 });
    fc.assert(fc.property(almost, fits), { numRuns: 1_000 });
    fc.assert(fc.property(fc.string({ unit: "binary" }), fits), { numRuns: 1_000 });
  });

  it("is nowhere in any JSON, indented or not", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat({ max: 3 }), (value, indent) => {
        expect(locateJsonError(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });

  it("is found however deep it lies", () => {
    const deep = "[".repeat(200_000);
    expect(locateJsonError(`${deep}x`)).toEqual({ offset: 200_000, expected: "a value or ']'" });
    expect(locateJsonError(deep + "]".repeat(200_000))).toBeUndefined();
  });
});
