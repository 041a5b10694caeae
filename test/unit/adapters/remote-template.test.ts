import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillPrompt } from "../../../src/adapters/remote/chat/fill-prompt.ts";
import { atPointer } from "../../../src/adapters/remote/chat/json-pointer.ts";
import { strayPlace } from "../../../src/core/model/prompt.ts";
import type { Tensor } from "../../../src/core/model/tensor.ts";

const words = (name: string, data: readonly string[]): Tensor => ({
  name,
  datatype: "BYTES",
  shape: [data.length],
  data,
});

const fill = (prompt: string, inputs: readonly Tensor[]) => {
  const filled = fillPrompt(prompt, { inputs, outputs: [], classes: [] });
  return filled.ok ? filled.value : filled.failure.reason;
};

describe("a prompt", () => {
  it("takes names with spaces and other signs in them", () => {
    const inputs = [words("sepal length (cm)", ["a"]), words("é.1", ["b"])];
    expect(fill("{{input sepal length (cm)}} {{ input  é.1 }}", inputs)).toBe('["a"] ["b"]');
  });

  it.each([
    ["{{input}}", "{{input}}"],
    ["{ {inputs} }", "{ {inputs} }"],
    ["{{Inputs}}", "{{Inputs}}"],
    ['{"a":{"b":1}}', '{"a":{"b":1}}'],
    ["{{input y}}", "unknown_input"],
    ["$& $1 {{input x}}", '$& $1 ["$&"]'],
  ])("leaves what is no place as it is: %s", (prompt, expected) => {
    expect(fill(prompt, [words("x", ["$&"])])).toBe(expected);
  });

  it.each<readonly [string, Tensor, string]>([
    ["a scalar", { name: "x", datatype: "FP32", shape: [], data: Float32Array.of(0.5) }, "0.5"],
    [
      "three dimensions",
      { name: "x", datatype: "INT8", shape: [2, 1, 2], data: Int8Array.of(1, 2, 3, 4) },
      "[[[1,2]],[[3,4]]]",
    ],
    ["nothing", { name: "x", datatype: "INT8", shape: [5_000_000, 0], data: Int8Array.of() }, "[]"],
    [
      "large whole numbers",
      { name: "x", datatype: "INT64", shape: [1, 1], data: BigInt64Array.of(2n ** 63n - 1n) },
      "[[9223372036854775807]]",
    ],
    [
      "halves, and what JSON has not",
      { name: "x", datatype: "FP16", shape: [2, 1], data: Uint16Array.of(0x3c00, 0x7c00) },
      '[[1],["Infinity"]]',
    ],
    ["words in rows", { ...words("x", ["a", 'b"']), shape: [2, 1] } as Tensor, '[["a"],["b\\""]]'],
    [
      "a view into a larger buffer",
      { name: "x", datatype: "FP32", shape: [2, 1], data: Float32Array.of(9, 1, 2).subarray(1) },
      "[[1],[2]]",
    ],
  ])("shows %s as JSON nested as its shape is", (_what, tensor, json) => {
    expect(fill("{{input x}}", [tensor])).toBe(json);
  });

  it("is filled in one pass: what an input says is never a place", () => {
    const nasty = fc.constantFrom(
      "{{inputs}}",
      "{{input x}}",
      "{{outputs}}",
      "}}",
      "{{",
      "$&",
      '"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(nasty, fc.string()), { maxLength: 5 }), (data) => {
        const filled = fill("A{{input x}}B{{inputs}}C", [words("x", data)]);
        const json = JSON.stringify(data);
        expect(filled).toBe(`A${json}B{"x":${json}}C`);
      }),
    );
  });

  it("without places comes out as it went in", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const prompt = text.replaceAll("{{", "{");
        expect(fill(prompt, [])).toBe(prompt);
      }),
    );
  });
});

describe("what looks like a place and is none", () => {
  it.each([
    ["{{input x}} {{inputs}} {{outputs}}", undefined],
    ["{{input}}", "{{input}}"],
    ["{{inputs}} {{ Inputs }}", "{{ Inputs }}"],
    ['{"a":{"b":{}}}', undefined],
    ["no places", undefined],
  ])("is found in %s", (prompt, stray) => {
    expect(strayPlace(prompt)).toBe(stray);
  });
});

describe("a JSON pointer", () => {
  // Source: RFC 6901, section 5.
  const RFC = {
    foo: ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
  };

  it.each<readonly [string, unknown]>([
    ["", RFC],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
    ["/foo/2", undefined],
    ["/foo/-", undefined],
    ["/foo/00", undefined],
    ["/foo/length", undefined],
    ["/foo/0/0", undefined],
    ["/toString", undefined],
    ["/__proto__", undefined],
    ["/a/b", undefined],
  ])("%j", (pointer, expected) => {
    expect(atPointer(RFC, pointer)).toEqual(expected);
  });

  it("finds every value at the path that leads to it", () => {
    const escaped = (token: string) => token.replaceAll("~", "~0").replaceAll("/", "~1");
    const check = (root: unknown, value: unknown, path: string): void => {
      expect(atPointer(root, path)).toBe(value);
      if (typeof value !== "object" || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        check(root, inner, `${path}/${escaped(key)}`);
      }
    };
    fc.assert(fc.property(fc.jsonValue(), (root) => check(root, root, "")));
  });
});
