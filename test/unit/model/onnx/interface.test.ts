import { describe, expect, it } from "vitest";
import {
  ELEMENT,
  identityModel,
  message,
  otherValue,
  type Part,
  tensor,
  text,
} from "../../../support/onnx-encoder.ts";
import { all, encodeOver, encodeWith, factsOf, raw, varint, verdictOf, X, Y } from "./odd-parts.ts";

const KINDS: readonly (readonly [kind: string, field: number, advice: RegExp])[] = [
  ["a sequence", 4, /is a sequence.*'zipmap': False/],
  ["a map", 5, /is a map.*'zipmap': False/],
  ["opaque", 7, /is of an opaque type/],
  ["a sparse tensor", 8, /is a sparse tensor; export it dense/],
  ["optional", 9, /is optional; export it as a plain tensor/],
];

describe("what a caller gives and gets", () => {
  it.each(KINDS)("is refused when it is %s, with advice", (_kind, field, advice) => {
    const asOutput = verdictOf(encodeOver({ outputs: [otherValue("y", field)] }));
    expect(asOutput).toMatch(/^unsupported_model: output 'y' /);
    expect(asOutput).toMatch(advice);
    const asInput = verdictOf(encodeOver({ inputs: [otherValue("x", field)] }));
    expect(asInput).toMatch(/^unsupported_model: input 'x' /);
    expect(asInput).toMatch(advice);
  });

  it.each(Object.entries(ELEMENT))("may be %s if the protocol has it", (word, type) => {
    const expected =
      word === "bfloat16" ? /^unsupported_model: input 'x' is of type bfloat16/ : /^ok$/;
    expect(verdictOf(identityModel(type, [1]))).toMatch(expected);
  });

  it("is named by its number when ONNX has not given it out", () => {
    expect(verdictOf(encodeOver({ outputs: [{ name: "y", type: 99 }] }))).toContain(
      "is of type type 99",
    );
  });

  it("may leave dimensions open, by name or without, and -1 or no name mean the same", () => {
    const dimensions = [3, "batch", null, -1, "", 0] as const;
    expect(factsOf(identityModel(1, dimensions)).inputs).toEqual([
      {
        name: "x",
        kind: "tensor",
        elementType: "float",
        datatype: "FP32",
        shape: [3, "batch", null, null, null, 0],
      },
    ]);
  });

  it("may be an output of open rank or of no type, yet no such input", () => {
    const untyped = text(1, "y");
    expect(factsOf(encodeOver({ outputs: [untyped] })).outputs).toEqual([
      { name: "y", kind: "unknown" },
    ]);
    expect(verdictOf(encodeOver({ outputs: [all(untyped, message(2, raw()))] }))).toBe("ok");
    expect(verdictOf(encodeOver({ outputs: [{ name: "y", type: 1 }] }))).toBe("ok");
    expect(verdictOf(encodeOver({ inputs: [text(1, "x")] }))).toMatch(
      /^unsupported_model: input 'x' is of no type/,
    );
    expect(verdictOf(encodeOver({ inputs: [{ name: "x", type: 1 }] }))).toMatch(
      /^unsupported_model: input 'x' does not say its shape/,
    );
  });

  it("leaves out inputs that the file fills itself", () => {
    const weight = tensor("w", 1, [1], new Uint8Array(4));
    const inputs = [X, { name: "w", type: 1, shape: [1] }];
    expect(factsOf(encodeOver({ inputs, initializers: [weight] })).inputs).toMatchObject([
      { name: "x" },
    ]);
  });

  it.each<readonly [string, Uint8Array, RegExp]>([
    ["no outputs", encodeOver({ outputs: [] }), /the graph has no outputs/],
    ["two outputs of a name", encodeOver({ outputs: [Y, Y] }), /two outputs are called 'y'/],
    ["two inputs of a name", encodeOver({ inputs: [X, X] }), /two inputs are called 'x'/],
    [
      "an output without a name",
      encodeOver({ outputs: [{ ...Y, name: "" }] }),
      /an output has no usable name/,
    ],
    [
      "a name with a NUL",
      encodeOver({ inputs: [{ ...X, name: "a\0b" }] }),
      /an input has no usable name/,
    ],
    ["two types", encodeOver({ outputs: [twoTypes()] }), /given two types/],
    ["two shapes", encodeOver({ outputs: [twoShapes()] }), /given two shapes/],
  ])("is refused for %s", (_what, bytes, detail) => {
    const verdict = verdictOf(bytes);
    expect(verdict).toMatch(/^invalid_model: /);
    expect(verdict).toMatch(detail);
  });

  it("is quoted in part when its name is long", () => {
    const name = "n".repeat(100_000);
    expect(verdictOf(encodeOver({ inputs: [{ name, type: 1 }] })).length).toBeLessThan(300);
  });
});

describe("what a file says of itself", () => {
  it("includes producer and metadata; the last of a repeated key counts", () => {
    const entry = (key: string, value: string) => message(14, all(text(1, key), text(2, value)));
    const facts = factsOf(
      encodeWith(
        all(
          text(2, "maker"),
          text(3, "1.2"),
          entry("a", "1"),
          entry("__proto__", "2"),
          entry("a", "3"),
        ),
      ),
    );
    expect(facts.producer).toEqual({ name: "maker", version: "1.2" });
    expect([...facts.metadata]).toEqual([
      ["a", "3"],
      ["__proto__", "2"],
    ]);
  });

  it("may leave out everything but graph and operator set", () => {
    const facts = factsOf(encodeOver({ irVersion: 0 }));
    expect(facts).toMatchObject({ irVersion: 0, producer: { name: "", version: "" } });
    expect(facts.metadata.size).toBe(0);
  });

  it("has to include a graph and an operator set", () => {
    expect(verdictOf(Uint8Array.of(0x08, 0x08))).toBe("invalid_model: the file has no graph");
    expect(verdictOf(encodeOver({ opsets: [] }))).toBe(
      "invalid_model: the model imports no operator set",
    );
  });
});

function twoTypes(): Part {
  const tensorType = message(1, varint(1, 1));
  return all(text(1, "y"), message(2, all(tensorType, message(4, raw()))));
}

function twoShapes(): Part {
  const shape = message(2, raw());
  return all(text(1, "y"), message(2, message(1, all(varint(1, 1), shape, shape))));
}
