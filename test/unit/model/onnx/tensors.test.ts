import { WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import {
  message,
  node,
  type Part,
  tensor,
  tensorAttribute,
  text,
} from "../../../support/onnx-encoder.ts";
import {
  all,
  bytesField,
  encodeOver,
  factsOf,
  packed,
  raw,
  varint,
  verdictOf,
} from "./odd-parts.ts";

const initializers = (...tensors: readonly Part[]) => encodeOver({ initializers: tensors });

const floats = (count: number): Part =>
  message(4, (writer) => {
    for (let index = 0; index < count; index += 1) writer.float(0.5);
  });

const doubles = (count: number): Part =>
  message(10, (writer) => {
    for (let index = 0; index < count; index += 1) writer.double(0.5);
  });

const numbers = (field: number, count: number): Part => packed(field, Array<number>(count).fill(1));

const texts = (count: number): Part => all(...Array<Part>(count).fill(text(6, "abc")));

/** Type, how six of it are written in typed fields, and their bytes when dense. */
const TYPED: readonly (readonly [name: string, type: number, data: Part, sizeBytes: number])[] = [
  ["float", 1, floats(6), 24],
  ["uint8", 2, numbers(5, 6), 6],
  ["int8", 3, numbers(5, 6), 6],
  ["uint16", 4, numbers(5, 6), 12],
  ["int16", 5, numbers(5, 6), 12],
  ["int32", 6, numbers(5, 6), 24],
  ["int64", 7, numbers(7, 6), 48],
  ["string", 8, texts(6), 18],
  ["bool", 9, numbers(5, 6), 6],
  ["float16", 10, numbers(5, 6), 12],
  ["double", 11, doubles(6), 48],
  ["uint32", 12, numbers(11, 6), 24],
  ["uint64", 13, numbers(11, 6), 48],
  ["complex64", 14, floats(12), 48],
  ["complex128", 15, doubles(12), 96],
  ["bfloat16", 16, numbers(5, 6), 12],
  ["float8e4m3fn", 17, numbers(5, 6), 6],
  ["uint4", 21, numbers(5, 3), 3],
  ["int4", 22, numbers(5, 3), 3],
  ["uint2", 25, numbers(5, 2), 2],
];

describe("a constant tensor", () => {
  it.each(TYPED)("of %s is measured in its typed field", (_name, type, data, sizeBytes) => {
    expect(factsOf(initializers(tensor("w", type, [2, 3], data))).tensorBytes).toBe(sizeBytes);
  });

  it.each(TYPED)("of %s may not hold more or less than it says", (name, type, data) => {
    for (const dims of [[2, 3, 2], [2], [0], [2, 1_000_000_007, 3]]) {
      expect(verdictOf(initializers(tensor("w", type, dims, data)))).toContain(
        `invalid_model: tensor 'w' says it is ${name} [${dims.join(", ")}]`,
      );
    }
  });

  it.each(TYPED.filter(([name]) => name !== "string"))(
    "of %s is measured in raw bytes",
    (_name, type, _data, sizeBytes) => {
      const bytes = new Uint8Array(sizeBytes);
      expect(factsOf(initializers(tensor("w", type, [3, 2], bytes))).tensorBytes).toBe(sizeBytes);
      expect(verdictOf(initializers(tensor("w", type, [3, 2], bytes.subarray(1))))).toMatch(
        /^invalid_model: /,
      );
    },
  );

  it("of text has no raw bytes", () => {
    expect(verdictOf(initializers(tensor("w", 8, [1], new Uint8Array(1))))).toMatch(
      /^invalid_model/,
    );
  });

  it("may hold nothing, or one thing without dimensions", () => {
    expect(verdictOf(initializers(tensor("w", 1, [0, 5], new Uint8Array())))).toBe("ok");
    expect(verdictOf(initializers(tensor("w", 1, [], floats(1))))).toBe("ok");
    expect(verdictOf(initializers(tensor("w", 1, [], floats(0))))).toMatch(/^invalid_model/);
  });

  it("may have its numbers and dimensions packed or one by one", () => {
    const single = all(varint(7, 1), varint(7, 2), numbers(7, 1));
    expect(factsOf(initializers(tensor("w", 7, [3], single))).tensorBytes).toBe(24);
    const unpackedFloat: Part = (writer) => void writer.tag(4, WireType.Bit32).float(1);
    expect(verdictOf(initializers(tensor("w", 1, [1], unpackedFloat)))).toBe("ok");
    const dims = all(packed(1, [2, 3]), varint(2, 1), text(8, "w"), floats(6));
    expect(factsOf(initializers(dims)).tensorBytes).toBe(24);
  });

  it.each<readonly [string, Part]>([
    ["a negative dimension", tensor("w", 1, [-1], floats(1))],
    ["dimensions whose product is no number", tensor("w", 1, [2 ** 50, 2 ** 50], floats(1))],
    ["no element type", tensor("w", 0, [1], floats(1))],
    ["an element type that ONNX has not given out", tensor("w", 99, [1], floats(1))],
    ["packed floats that are cut off", tensor("w", 1, [1], bytesField(4, new Uint8Array(3)))],
    ["packed numbers that are cut off", tensor("w", 7, [1], bytesField(7, Uint8Array.of(0x80)))],
    [
      "a number of no end",
      tensor("w", 7, [1], bytesField(7, new Uint8Array(11).fill(0x80, 0, 10))),
    ],
    ["floats written as whole numbers", tensor("w", 1, [1], varint(4, 1))],
  ])("is refused for %s", (_what, part) => {
    expect(verdictOf(initializers(part))).toMatch(/^invalid_model: /);
  });

  it("has at most 64 dimensions, said in few words and without millions of objects", () => {
    const ones = (count: number) =>
      all(packed(1, Array<number>(count).fill(1)), varint(2, 1), floats(1));
    expect(verdictOf(initializers(ones(64)))).toBe("ok");
    expect(verdictOf(initializers(ones(65)))).toBe(
      "invalid_model: a tensor has over 64 dimensions",
    );
    const one = varint(1, 1);
    expect(
      verdictOf(initializers(all(...Array<Part>(65).fill(one), varint(2, 1), floats(1)))),
    ).toMatch(/over 64 dimensions/);
    expect(verdictOf(initializers(bytesField(1, new Uint8Array(20_000_000))))).toMatch(/over 64/);
  }, 5_000);
});

describe("data that are not in the file", () => {
  const external = all(
    varint(14, 1),
    message(13, all(text(1, "location"), text(2, "/etc/passwd"))),
  );

  it("are refused", () => {
    expect(verdictOf(initializers(tensor("w", 1, [1], external)))).toMatch(
      /^unsupported_model: tensor 'w' keeps its data in another file/,
    );
  });

  it("are refused even when a later place is one that parsers drop", () => {
    expect(
      verdictOf(initializers(tensor("w", 1, [1], all(external, varint(14, 7), floats(1))))),
    ).toMatch(/in another file/);
  });

  it("are refused inside a node", () => {
    const attribute = tensorAttribute("value", tensor("w", 1, [1], external));
    expect(verdictOf(encodeOver({ nodes: [node("Constant", [], ["y"], [attribute])] }))).toMatch(
      /in another file/,
    );
  });

  it("are refused in segments", () => {
    expect(verdictOf(initializers(tensor("w", 1, [1], message(3, raw()))))).toMatch(
      /^unsupported_model: .*segments/,
    );
  });
});

describe("a sparse tensor", () => {
  const inNode = (...parts: readonly Part[]) => {
    const attribute = all(text(1, "sparse_value"), message(22, all(...parts)), varint(20, 11));
    return encodeOver({ nodes: [node("Constant", [], ["y"], [attribute])] });
  };
  const values = message(1, tensor("s", 1, [2], floats(2)));
  const indices = message(2, tensor("", 7, [2], numbers(7, 2)));

  it("counts as dense", () => {
    expect(factsOf(inNode(values, indices, packed(3, [100, 10]))).tensorBytes).toBe(1000);
    const sparseInitializers = [all(values, indices, packed(3, [1]))];
    expect(factsOf(encodeOver({ sparseInitializers })).tensorBytes).toBe(8);
  });

  it.each<readonly [string, readonly Part[]]>([
    ["without a real shape", [values, indices, packed(3, [-1])]],
    ["without values and shape", [packed(3, [-1])]],
    ["with values that lie", [message(1, tensor("s", 1, [3], floats(2))), packed(3, [9])]],
    [
      "with indices that lie",
      [values, message(2, tensor("", 7, [9], numbers(7, 2))), packed(3, [9])],
    ],
    ["with values given twice, which parsers merge", [values, values, indices, packed(3, [9])]],
  ])("is refused %s", (_how, parts) => {
    expect(verdictOf(inNode(...parts))).toMatch(/^invalid_model: /);
  });
});
