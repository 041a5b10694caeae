import { describe, expect, it } from "vitest";
import {
  type EncodedRow,
  type EncodeOptions,
  encodeRow,
} from "../../../src/core/predict/rows/encode-row.ts";
import type { RowPlan } from "../../../src/core/predict/rows/row-plan.ts";
import { featuresOf, planOf, spec } from "../../support/row-plans.ts";

const OPTIONS: EncodeOptions = { index: 3, form: "rows", ignoresUnknown: false, isText: false };
const PLAN = planOf([spec("x", [-1, 2])], featuresOf("petal length", "age"));

const encode = (plan: RowPlan, row: unknown, options: Partial<EncodeOptions> = {}) =>
  encodeRow(plan, row, { ...OPTIONS, ...options });

const dataOf = (encoded: EncodedRow) => {
  if (!encoded.ok) throw new Error(encoded.failure.detail);
  return encoded.value.map(({ data }) => [...data]);
};

const wrongOf = (encoded: EncodedRow) => {
  if (encoded.ok) throw new Error("it was taken");
  const { code, detail, path } = encoded.failure;
  expect(detail.startsWith(`${path} `)).toBe(true);
  return [code, path, detail.slice(path.length + 1)];
};

describe("a row becomes tensors", () => {
  it("by its features' names, whatever their order, or by place", () => {
    const row = { age: 2, "petal length": 1 };
    expect(dataOf(encode(PLAN, row))).toEqual([[1, 2]]);
    expect(dataOf(encode(PLAN, [1, 2]))).toEqual([[1, 2]]);
    expect(encode(PLAN, row)).toMatchObject({
      value: [{ name: "x", datatype: "FP32", shape: [1, 2] }],
    });
  });

  it("with the words for numbers that JSON has not", () => {
    expect(dataOf(encode(PLAN, ["NaN", "-Infinity"]))).toEqual([[Number.NaN, -Infinity]]);
  });

  it("one feature an input, arrays where an input has more elements a row", () => {
    const plan = planOf([
      spec("big", [-1, 1], "INT64"),
      spec("city", [-1], "BYTES"),
      spec("yes", [-1], "BOOL"),
      spec("state", [-1, 2, 2]),
    ]);
    const row = {
      state: [
        [1, 2],
        [3, 4],
      ],
      city: "Wien",
      big: "9007199254740993",
      yes: true,
    };
    expect(dataOf(encode(plan, row))).toEqual([[9007199254740993n], ["Wien"], [1], [1, 2, 3, 4]]);
    expect(wrongOf(encode(plan, { ...row, state: [1, 2, 3] }))).toEqual([
      "invalid_value",
      "rows[3].state",
      "must be an array of 4 values; it is an array of 3",
    ]);
    expect(wrongOf(encode(plan, { ...row, state: [1, 2, "x", 4] }))[1]).toBe("rows[3].state[2]");
  });

  it("of an image beside another input, whatever its size", () => {
    const plan = planOf([spec("image", [-1, 3, 224, 224]), spec("age", [-1])]);
    const image = new Array<number>(3 * 224 * 224).fill(0.5);
    expect(dataOf(encode(plan, { image, age: 1 }))[0]).toHaveLength(3 * 224 * 224);
  });

  it("with what stands for what is missing, absent or null", () => {
    const features = featuresOf({ name: "a", missing: "nan" }, { name: "b", missing: -1 });
    const plan = planOf([spec("x", [-1, 2])], features);
    expect(dataOf(encode(plan, {}))).toEqual([[Number.NaN, -1]]);
    expect(dataOf(encode(plan, { a: null, b: 7 }))).toEqual([[Number.NaN, 7]]);
    expect(dataOf(encode(plan, { b: "" }, { isText: true }))).toEqual([[Number.NaN, -1]]);
  });

  it("with categories, as themselves in text and by their place in numbers", () => {
    const categories = ["red", "green"];
    const text = planOf([spec("x", [-1, 1], "BYTES")], featuresOf({ name: "c", categories }));
    const number = planOf([spec("x", [-1, 1])], featuresOf({ name: "c", categories }));
    expect(dataOf(encode(text, { c: "green" }))).toEqual([["green"]]);
    expect(dataOf(encode(number, { c: "green" }))).toEqual([[1]]);
    expect(wrongOf(encode(text, { c: "gren" }))[2]).toBe(
      "must be one of 'red', 'green'; it is the text 'gren'; did you mean 'green'?",
    );
  });

  it("from cells of text, where text may stand for numbers", () => {
    const text = (cells: readonly string[]) => encode(PLAN, cells, { isText: true });
    expect(dataOf(text([" 1.5 ", "-2e3"]))).toEqual([[1.5, -2000]]);
    expect(dataOf(text([".5", "nan"]))).toEqual([[0.5, Number.NaN]]);
    for (const cell of ["0x10", "1,5", "1_000", "12abc", "--1"]) {
      expect(wrongOf(text([cell, "1"]))[0]).toBe("invalid_value");
    }
    expect(wrongOf(encode(PLAN, ["1", "2"]))[0]).toBe("invalid_value");
    const whole = planOf([spec("x", [-1, 2], "INT64")]);
    expect(dataOf(encode(whole, ["7.0", "+3"], { isText: true }))).toEqual([[7n, 3n]]);
    const flag = planOf([spec("x", [-1, 2], "BOOL")]);
    expect(dataOf(encode(flag, ["True", "0"], { isText: true }))).toEqual([[1, 0]]);
    const words = planOf([spec("x", [-1, 1], "BYTES")]);
    expect(dataOf(encode(words, [""], { isText: true }))).toEqual([[""]]);
  });
});

describe("a row that is wrong is told where and how", () => {
  it.each([
    ["no row", 7, "invalid_row", "rows[3]", /must be an object of features, such as/],
    ["null", null, "invalid_row", "rows[3]", /must be an object/],
    ["too many values", [1, 2, 3], "invalid_row", "rows[3]", /has 3 values, the model takes 2/],
    [
      "an unknown name",
      { "petal lenght": 1, age: 2 },
      "unknown_feature",
      'rows[3]["petal lenght"]',
      /is not a feature of the model; did you mean 'petal length'\?/,
    ],
    [
      "a name that is near to none",
      { colour: 1, age: 2 },
      "unknown_feature",
      "rows[3].colour",
      /is not a feature of the model; its features are 'petal length', 'age'$/,
    ],
    ["a missing name", { age: 2 }, "missing_feature", 'rows[3]["petal length"]', /is missing/],
    ["an empty value", [1, null], "missing_value", "rows[3].age", /is empty/],
    ["text", [1, "x"], "invalid_value", "rows[3].age", /must be a number.*it is the text 'x'/],
    ["a truth", [1, true], "invalid_value", "rows[3].age", /it is true/],
    ["an object", [1, {}], "invalid_value", "rows[3].age", /it is an object/],
    ["past binary32", [1, 1e39], "invalid_value", "rows[3].age", /within binary32; it is 1e\+39/],
  ])("%s", (_what, row, code, path, message) => {
    expect(wrongOf(encode(PLAN, row))).toEqual([code, path, expect.stringMatching(message)]);
  });

  it("with the first ten features where there are many", () => {
    const names = Array.from({ length: 13 }, (_, place) => `feature number ${place}`);
    const many = planOf([spec("x", [-1, 13])], featuresOf(...names));
    expect(wrongOf(encode(many, { x: 1 }))[2]).toMatch(/'feature number 9' and 3 more$/);
  });

  it("names of every object are no features", () => {
    const plan = planOf([spec("x", [-1, 1])], featuresOf("constructor"));
    expect(wrongOf(encode(plan, {}))[0]).toBe("missing_feature");
    expect(dataOf(encode(plan, JSON.parse('{"constructor": 3}')))).toEqual([[3]]);
    const own = JSON.parse('{"petal length": 1, "age": 2, "__proto__": 3}');
    expect(wrongOf(encode(PLAN, own))[0]).toBe("unknown_feature");
  });

  it("a name that is passed over may be the one that is missed", () => {
    const row = { "petal lenght": 1, age: 2, id: "a" };
    expect(wrongOf(encode(PLAN, row, { ignoresUnknown: true }))).toEqual([
      "missing_feature",
      'rows[3]["petal length"]',
      "is missing: the model needs it; did you mean 'petal lenght'?",
    ]);
    expect(dataOf(encode(PLAN, { ...row, "petal length": 5 }, { ignoresUnknown: true }))).toEqual([
      [5, 2],
    ]);
  });

  it("by column where columns were given", () => {
    expect(wrongOf(encode(PLAN, [1, "x"], { form: "columns" }))[1]).toBe("columns.age[3]");
  });
});
