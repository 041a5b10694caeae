import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstBadByte } from "../../../src/core/model/first-bad-byte.ts";
import { isDeeperThan } from "../../../src/http/body/json-depth.ts";
import { parseJson } from "../../../src/http/body/parse-json.ts";

function detailOf(text: string | Uint8Array, maxDepth = 64): string {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const result = parseJson(bytes, { maxDepth });
  return result.ok ? "ok" : result.failure.detail.replace("the body is not valid JSON: ", "");
}

describe("the depth of JSON", () => {
  it("may be as much as is said, in arrays and objects", () => {
    expect(detailOf("[[[1]]]", 3)).toBe("ok");
    expect(detailOf("[[[1]]]", 2)).toBe("it is nested more than 2 deep");
    expect(detailOf('{"a": [{"b": 1}]}', 3)).toBe("ok");
    expect(detailOf('{"a": [{"b": 1}]}', 2)).toBe("it is nested more than 2 deep");
    expect(detailOf("1", 0)).toBe("ok");
    expect(detailOf("[]", 0)).toBe("it is nested more than 0 deep");
  });

  it("does not count what lies side by side, or in strings", () => {
    expect(detailOf("[[1],[2],[3],[4],[5]]", 2)).toBe("ok");
    expect(detailOf(JSON.stringify(["[[[[", '"[[[[', "\\", '\\"{{{{']), 1)).toBe("ok");
    expect(detailOf('["\\\\", [[1]]]', 2)).toBe("it is nested more than 2 deep");
  });

  it("is refused before anything is parsed", () => {
    expect(detailOf("[".repeat(3_000_000))).toBe("it is nested more than 64 deep");
    expect(detailOf(`${'{"a":'.repeat(1_000_000)}`)).toBe("it is nested more than 64 deep");
  }, 5_000);

  it("is told exactly for any JSON", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null
        ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
        : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat({ max: 6 }), (value, limit) => {
        expect(isDeeperThan(JSON.stringify(value), limit)).toBe(depthOf(value) > limit);
      }),
      { numRuns: 1_000 },
    );
  });

  it("gets an answer for text that is no JSON, too", () => {
    expect(isDeeperThan('["never closed', 0)).toBe(true);
    expect(isDeeperThan('"never closed [[[[', 0)).toBe(false);
    expect(isDeeperThan("]]]]{[", 1)).toBe(false);
  });
});

describe("bytes that are not UTF-8", () => {
  it.each([
    ["a byte that begins nothing", [0x22, 0x80, 0x22], 1],
    ["a sequence that is cut off", [0x22, 0xe2, 0x82], 1],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22], 1],
    ["an overlong three", [0xe0, 0x80, 0x80], 0],
    ["a surrogate", [0x22, 0x61, 0xed, 0xa0, 0x80, 0x22], 2],
    ["an overlong four", [0xf0, 0x80, 0x80, 0x80], 0],
    ["past the last code point", [0xf4, 0x90, 0x80, 0x80], 0],
    ["Latin-1", [0x22, 0x63, 0x61, 0x66, 0xe9, 0x22], 4],
  ])("are refused, saying where: %s", (_what, bytes, at) => {
    expect(detailOf(Uint8Array.from(bytes))).toBe(`it is not UTF-8 at byte ${at}`);
  });

  it("are found exactly where a decoder stops", () => {
    const decodes = (bytes: Uint8Array) => {
      try {
        new TextDecoder("utf-8", { fatal: true }).decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const bytes = fc
      .array(
        fc.oneof(
          fc.constantFrom(0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xbf, 0x80, 0x9f),
          fc.nat(255),
        ),
      )
      .map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, (some) => {
        const at = firstBadByte(some);
        expect(at < 0).toBe(decodes(some));
        if (at >= 0) expect(decodes(some.subarray(0, at))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(firstBadByte(new TextEncoder().encode(text))).toBe(-1);
      }),
    );
  });
});
