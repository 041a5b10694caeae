import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/core/model/tensor.ts";
import { breachOf } from "../../../src/core/predict/premium/answer-schema.ts";
import { checkSchema } from "../../../src/core/predict/premium/check-schema.ts";
import {
  type AnswerRules,
  validateAnswer,
} from "../../../src/core/predict/premium/validate-answer.ts";

const RULES: AnswerRules = {
  inputSpecs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
  outputSpecs: [
    { name: "label", datatype: "INT64", shape: [-1] },
    { name: "shares", datatype: "FP32", shape: [-1, 2] },
  ],
  wanted: [],
  inputs: [{ name: "x", datatype: "FP32", shape: [2, 2], data: new Float32Array(4) }],
  classes: [],
  areShares: false,
  schema: undefined,
};

const LABEL: Tensor = {
  name: "label",
  datatype: "INT64",
  shape: [2],
  data: BigInt64Array.of(1n, 0n),
};
const SHARES: Tensor = {
  name: "shares",
  datatype: "FP32",
  shape: [2, 2],
  data: Float32Array.of(0.25, 0.75, 0.5, 0.5),
};

const check = async (tensors: readonly Tensor[], rules: Partial<AnswerRules> = {}) => {
  const checked = await validateAnswer({ ...RULES, ...rules }, tensors);
  return checked.ok ? checked.value : checked.failure.detail;
};

describe("a premium answer", () => {
  it("is taken in the order that was wanted", async () => {
    expect(await check([SHARES, LABEL])).toEqual([LABEL, SHARES]);
    expect(await check([SHARES], { wanted: ["shares"] })).toEqual([SHARES]);
    expect(await check([LABEL, SHARES], { wanted: ["shares", "label"] })).toEqual([SHARES, LABEL]);
  });

  it.each<readonly [string, readonly Tensor[], Partial<AnswerRules>, RegExp]>([
    ["an output too few", [LABEL], {}, /'shares' is missing/],
    ["an output too many", [LABEL, SHARES], { wanted: ["label"] }, /nobody asked for/],
    ["an output twice", [LABEL, LABEL], { wanted: ["label"] }, /nobody asked for/],
    ["no output of the model's", [LABEL], { wanted: ["labels"] }, /'labels' is missing/],
    [
      "another datatype",
      [{ ...LABEL, datatype: "INT32", data: Int32Array.of(1, 0) }, SHARES],
      {},
      /'label' is INT32 instead of INT64/,
    ],
    [
      "another rank",
      [{ ...LABEL, shape: [2, 1] } as Tensor, SHARES],
      {},
      /shape \[2, 1\] instead of \[-1\]/,
    ],
    [
      "another width",
      [LABEL, { ...SHARES, shape: [2, 3], data: new Float32Array(6) } as Tensor],
      {},
      /shape \[2, 3\] instead of \[-1, 2\]/,
    ],
    [
      "a row too few",
      [{ ...LABEL, shape: [1], data: BigInt64Array.of(1n) } as Tensor, SHARES],
      {},
      /has 1 rows for 2 that were asked/,
    ],
    [
      "elements that are not there",
      [{ ...LABEL, data: new BigInt64Array(1) } as Tensor, SHARES],
      {},
      /elements of INT64/,
    ],
    [
      "elements of another kind",
      [LABEL, { ...SHARES, data: [0, 1, 0, 1] } as unknown as Tensor],
      {},
      /elements of FP32/,
    ],
    [
      "NaN",
      [LABEL, { ...SHARES, data: Float32Array.of(0, 1, Number.NaN, 0) } as Tensor],
      {},
      /no finite number/,
    ],
    [
      "an infinity",
      [LABEL, { ...SHARES, data: Float32Array.of(0, 1, Number.NEGATIVE_INFINITY, 0) } as Tensor],
      {},
      /no finite number/,
    ],
  ])("is refused with %s", async (_what, tensors, rules, detail) => {
    expect(await check(tensors, rules)).toMatch(detail);
  });

  it("may have any number of rows where the model's batch is fixed", async () => {
    const boxes: Tensor = {
      name: "boxes",
      datatype: "FP32",
      shape: [7, 4],
      data: new Float32Array(28),
    };
    const rules = {
      inputSpecs: [{ name: "x", datatype: "FP32", shape: [1, 2] }],
      inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: new Float32Array(2) }],
      outputSpecs: [{ name: "boxes", datatype: "FP32", shape: [-1, 4] }],
    } as const;
    expect(await check([boxes], rules)).toEqual([boxes]);
  });

  it.each<readonly [string, Tensor, boolean]>([
    ["a half", { name: "o", datatype: "FP16", shape: [1], data: Uint16Array.of(0x3c00) }, true],
    [
      "an infinite half",
      { name: "o", datatype: "FP16", shape: [1], data: Uint16Array.of(0x7c00) },
      false,
    ],
    [
      "a half that is no number",
      { name: "o", datatype: "FP16", shape: [1], data: Uint16Array.of(0x7e00) },
      false,
    ],
    ["true", { name: "o", datatype: "BOOL", shape: [1], data: Uint8Array.of(1) }, true],
    [
      "neither true nor false",
      { name: "o", datatype: "BOOL", shape: [1], data: Uint8Array.of(2) },
      false,
    ],
    ["a word", { name: "o", datatype: "BYTES", shape: [1], data: ["a"] }, true],
  ])("of one datatype or another: %s", async (_what, tensor, isGood) => {
    const { name, datatype } = tensor;
    const outputSpecs = [{ name, datatype, shape: [-1] }];
    expect(Array.isArray(await check([tensor], { inputs: [], outputSpecs }))).toBe(isGood);
  });
});

describe("the schema of an answer", () => {
  const within = (items: object) => ({
    type: "object",
    properties: { label: { type: "array", items } },
  });

  it.each<readonly [string, Record<string, unknown>, boolean]>([
    ["in range", within({ type: "integer", minimum: 0, maximum: 1 }), true],
    ["out of range", within({ maximum: 0 }), false],
    ["of another type", within({ type: "string" }), false],
    [
      "row-major",
      { properties: { shares: { prefixItems: [{ const: 0.25 }, { const: 0.75 }] } } },
      true,
    ],
    ["in number", { properties: { shares: { minItems: 5 } } }, false],
    ["an output that must be there", { required: ["score"] }, false],
    [
      "by reference",
      { $defs: { l: { maxItems: 2 } }, properties: { label: { $ref: "#/$defs/l" } } },
      true,
    ],
  ])("is held: %s", async (_what, schema, isGood) => {
    const checked = await check([LABEL, SHARES], { schema });
    expect(Array.isArray(checked)).toBe(isGood);
  });

  it("names the place and the rule, and no element", async () => {
    expect(await check([LABEL, SHARES], { schema: within({ maximum: 0 }) })).toBe(
      "#/label/0 breaks #/properties/label/items/maximum",
    );
  });

  it("sees every datatype as JSON has it", () => {
    const one = (tensor: Omit<Tensor, "name" | "shape">, constant: unknown) =>
      breachOf({ properties: { o: { const: [constant] } } }, [
        { name: "o", shape: [1], ...tensor } as Tensor,
      ]);
    expect(one({ datatype: "BOOL", data: Uint8Array.of(1) }, true)).toBeUndefined();
    expect(one({ datatype: "FP16", data: Uint16Array.of(0x3c00) }, 1)).toBeUndefined();
    expect(one({ datatype: "UINT8", data: Uint8Array.of(7) }, 7)).toBeUndefined();
    expect(one({ datatype: "BYTES", data: ["a"] }, "a")).toBeUndefined();
    expect(one({ datatype: "INT64", data: BigInt64Array.of(-7n) }, -7)).toBeUndefined();
    const big = BigInt64Array.of(2n ** 53n + 1n);
    expect(one({ datatype: "INT64", data: big }, "9007199254740993")).toBeUndefined();
  });

  it("leaves the deployment's schema as it is", () => {
    const schema = Object.freeze({
      $ref: "#/$defs/a",
      $defs: Object.freeze({ a: Object.freeze({}) }),
    });
    expect(breachOf(schema, [LABEL])).toBeUndefined();
    expect(Reflect.ownKeys(schema)).toEqual(["$ref", "$defs"]);
  });

  it("that never ends refuses, and brings nothing down", () => {
    const schema = { properties: { label: { $ref: "#/properties/label" } } };
    expect(breachOf(schema, [LABEL])).toBe("the schema cannot be applied");
  });
});

describe("a JSON Schema in a deployment", () => {
  it.each<Record<string, unknown>>([
    {},
    { $schema: "https://json-schema.org/draft/2020-12/schema", type: ["object", "null"] },
    { properties: { label: { items: { enum: [0, 1] } } }, required: ["label"] },
    { allOf: [true, { not: false }], if: {}, else: {} },
    { patternProperties: { "^a": { pattern: "^[a-z]+$" } }, additionalProperties: false },
    {
      $defs: { a: { $anchor: "x" } },
      properties: { label: { $ref: "#x" }, b: { $ref: "#/$defs/a" } },
    },
    { description: "keywords of nobody's are left alone", unit: "kg" },
    { properties: { tree: { properties: { tree: { $ref: "#/properties/tree" } } } } },
  ])("is good: %j", (schema) => {
    expect(checkSchema(schema)).toEqual([]);
  });

  it.each<readonly [Record<string, unknown>, string]>([
    [{ type: "float" }, "type"],
    [{ type: [] }, "type"],
    [{ minimum: "0" }, "minimum"],
    [{ multipleOf: 0 }, "multipleOf"],
    [{ minItems: -1 }, "minItems"],
    [{ maxLength: 1.5 }, "maxLength"],
    [{ uniqueItems: 1 }, "uniqueItems"],
    [{ required: "label" }, "required"],
    [{ enum: 1 }, "enum"],
    [{ pattern: "(" }, "pattern"],
    [{ patternProperties: { "(": {} } }, "patternProperties.("],
    [{ properties: [] }, "properties"],
    [{ properties: { label: { items: { type: "int" } } } }, "properties.label.items.type"],
    [{ properties: { label: 1 } }, "properties.label"],
    [{ items: [{}] }, "items"],
    [{ anyOf: {} }, "anyOf"],
    [{ anyOf: [{}, { minimum: null }] }, "anyOf.1.minimum"],
    [{ $schema: "http://json-schema.org/draft-07/schema#" }, "$schema"],
    [{ $ref: "https://elsewhere.example.com/schema" }, "$ref"],
    [{ properties: { label: { $ref: "#/$defs/gone" } } }, "properties.label.$ref"],
    [{ $ref: "#" }, ""],
    [{ $id: "https://[" }, ""],
  ])("is refused, and where: %j", (schema, path) => {
    expect(checkSchema(schema).map((problem) => problem.path)).toEqual([path]);
  });

  it("is refused where its references double each other until nobody can follow them", () => {
    const doubling = (depth: number) => {
      const $defs: Record<string, object> = { r0: { type: "array" } };
      for (let level = 1; level <= depth; level += 1) {
        const $ref = `#/$defs/r${level - 1}`;
        $defs[`r${level}`] = { allOf: [{ $ref }, { $ref }] };
      }
      return { $defs, properties: { label: { $ref: `#/$defs/r${depth}` } } };
    };
    expect(checkSchema(doubling(4))).toEqual([]);
    expect(checkSchema(doubling(60))).toEqual([
      { path: "", message: expect.stringContaining("1000 schemas for one value") },
    ]);
  });

  it("never throws, whatever it is, and one that passes can be applied", () => {
    const keywords = fc.constantFrom(
      ...["type", "items", "properties", "$ref", "$id", "$anchor", "anyOf", "minimum", "pattern"],
      ...["required", "enum", "const", "not", "$defs", "a", "prefixItems", "patternProperties"],
    );
    const values = fc.constantFrom("#", "#/$defs/a", "array", "integer", "x", 0, 1, -1, true, null);
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        values,
        fc.array(tie("node"), { maxLength: 2 }),
        fc.dictionary(keywords, tie("node"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(keywords, node, { maxKeys: 4 }), (schema) => {
        const problems = checkSchema(schema);
        expect(Array.isArray(problems)).toBe(true);
        if (problems.length === 0) {
          expect(breachOf(schema, [])).not.toBe("the schema cannot be applied");
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
