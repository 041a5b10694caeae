import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  findInexactNumber,
  parseKeeping,
  whyInexact,
} from "../../../src/core/model/inexact-number.ts";

describe("numbers that JSON is read into", () => {
  it.each(["0", "-0", "1.5", "1e300", "5e-324", "9007199254740991", "100000000000000000000"])(
    "are what is written: %s",
    (written) => expect(whyInexact(written)).toBeUndefined(),
  );

  it("are another one past 2^53, unless they happen to be a float64", () => {
    expect(whyInexact("9007199254740993")).toMatch(/^is 9007199254740993: past 2\^53/);
    expect(whyInexact("-12345678901234567890")).toMatch(/past 2\^53/);
    expect(whyInexact("9007199254740994")).toBeUndefined();
  });

  it("are none at all past the range of a float64", () => {
    for (const written of ["1e400", "-1e309", "1E+0400", `1${"0".repeat(309)}`]) {
      expect(whyInexact(written), written).toMatch(/past what a number holds/);
    }
    expect(whyInexact("9".repeat(5_000))?.length).toBeLessThan(200);
  });

  it("are found by their place in a text, and only outside of strings", () => {
    const text = '{"a":"12345678901234567890","b":[1,{"c d":1e400,"__proto__":1e999}]}';
    expect(findInexactNumber(text)).toMatchObject({ path: "b.1.c d" });
    expect(findInexactNumber('{"__proto__":12345678901234567890}')?.path).toBe("__proto__");
    expect(findInexactNumber("1e400")?.path).toBe("");
    expect(findInexactNumber('{"a":"1e400 12345678901234567890","b":0.1234567890123456789}')).toBe(
      undefined,
    );
  });

  it("are kept by their digits where that is wanted, and nothing else is touched", () => {
    const text = '{"a":[9223372036854775807,-5],"b":"9223372036854775807","__proto__":{"c":1e400}}';
    const kept = parseKeeping(text, (written) => `kept ${written}`);
    expect(JSON.stringify(kept)).toBe(
      '{"a":["kept 9223372036854775807",-5],"b":"9223372036854775807","__proto__":{"c":"kept 1e400"}}',
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.bigInt({ min: 2n ** 53n }), (value, large) => {
        const written = JSON.stringify(value);
        expect(parseKeeping(written, String)).toEqual(JSON.parse(written));
        const [, number] = parseKeeping(`[${written},${large}]`, String) as unknown[];
        expect(BigInt(number as string)).toBe(large);
      }),
    );
  });

  it("are never found in what was written from values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(findInexactNumber(JSON.stringify(value))).toBeUndefined();
      }),
    );
  });

  it("are found wherever they stand", () => {
    const place = fc.array(fc.string(), { maxLength: 5 });
    fc.assert(
      fc.property(place, fc.jsonValue(), (keys, sibling) => {
        const inner = keys.reduceRight(
          (text, key) => `{"-":${JSON.stringify(sibling)},${JSON.stringify(key)}:${text}}`,
          "1e999",
        );
        fc.pre(!keys.includes("-"));
        expect(findInexactNumber(inner)?.path).toBe(keys.join("."));
      }),
    );
  });
});
