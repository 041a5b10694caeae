import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Datatype } from "../../../src/core/model/datatype.ts";
import { encodeRow } from "../../../src/core/predict/rows/encode-row.ts";
import { type GivenRows, makeRows } from "../../../src/core/predict/rows/given-rows.ts";
import type { RowPlan } from "../../../src/core/predict/rows/row-plan.ts";
import { parseCsv } from "../../../src/http/predict/parse-csv.ts";
import { featuresOf, planOf, spec } from "../../support/row-plans.ts";

const planFor = (categories: readonly string[], datatype: Datatype = "FP32"): RowPlan =>
  planOf([spec("x", [-1, 2], datatype)], featuresOf({ name: "c", categories }, "other"));

/** A row of another form, with `other` beside: what its first feature becomes, or why it does not. */
function encodedFrom(plan: RowPlan, given: GivenRows, isText = false): readonly unknown[] {
  const made = makeRows(plan, given, false);
  if (!made.ok) throw new Error(made.failure.detail);
  const form = given.kind === "columns" ? "columns" : "rows";
  const options = { index: 0, form, ignoresUnknown: false, isText } as const;
  const encoded = encodeRow(plan, made.value.rows[0], options);
  if (encoded.ok) return ["is", encoded.value[0]?.data[0]];
  const { code, detail, path } = encoded.failure;
  return [code, detail.slice(path.length + 1)];
}

const otherOf = (plan: RowPlan): unknown => (plan.inputs[0]?.datatype === "BYTES" ? "1" : 1);

const fromJson = (plan: RowPlan, value: unknown) => {
  const rows = JSON.parse(JSON.stringify([{ c: value, other: otherOf(plan) }])) as unknown[];
  return encodedFrom(plan, { kind: "rows", rows });
};

const fromColumns = (plan: RowPlan, value: unknown) =>
  encodedFrom(plan, { kind: "columns", columns: { c: [value], other: [otherOf(plan)] } });

function fromCsv(plan: RowPlan, cell: string): readonly unknown[] {
  const bytes = new TextEncoder().encode(`c,other\n"${cell.replaceAll('"', '""')}",1\n`);
  const parsed = parseCsv(bytes, 10);
  if (!parsed.ok) throw new Error(parsed.failure.detail);
  return encodedFrom(plan, { kind: "csv", ...parsed.value }, true);
}

const datatype = fc.constantFrom<Datatype>("FP32", "FP64", "INT64", "INT32", "BYTES");

/** Words, whole numbers, decimals and truths, each of them once, however it is written. */
const categories = fc.uniqueArray(
  fc.oneof(
    fc.string().map((text) => text.trim()),
    fc.integer({ min: -20, max: 20 }).map(String),
    fc.integer({ min: -20, max: 20 }).map((number) => `${number}.0`),
    fc.integer({ min: 0, max: 20 }).map((number) => String(number).padStart(2, "0")),
    fc.integer({ min: -20, max: 20 }).map((number) => String(number / 8)),
    fc.constantFrom("true", "False"),
  ),
  {
    minLength: 1,
    maxLength: 12,
    selector: (text) => (text === "" || Number.isNaN(Number(text)) ? text : Number(text)),
  },
);

describe("a category", () => {
  it("is the same in every form that a row may have", () => {
    fc.assert(
      fc.property(categories, fc.nat(), datatype, (texts, at, type) => {
        const text = texts[at % texts.length] ?? "";
        const plan = planFor(texts, type);
        const place = texts.indexOf(text);
        const isBig = type === "INT64";
        const wanted = ["is", type === "BYTES" ? text : isBig ? BigInt(place) : place];
        expect(fromJson(plan, text)).toEqual(wanted);
        expect(fromColumns(plan, text)).toEqual(wanted);
        expect(fromCsv(plan, text)).toEqual(wanted);
        expect(fromCsv(plan, ` ${text} `)).toEqual(wanted);
        // As JSON has it when it is no text, and an entity that was imported from CSV.
        if (/^-?\d+(\.\d+)?$/.test(text)) expect(fromJson(plan, Number(text))).toEqual(wanted);
        if (/^(true|false)$/i.test(text)) {
          expect(fromJson(plan, text.toLowerCase() === "true")).toEqual(wanted);
        }
      }),
    );
  });

  it("is taken or refused whatever the form of a number or a truth", () => {
    const value = fc.oneof(fc.integer({ min: -30, max: 30 }), fc.double(), fc.boolean());
    fc.assert(
      fc.property(categories, value, datatype, (texts, given, type) => {
        fc.pre(typeof given === "boolean" || Math.abs(given) < 2 ** 53);
        const plan = planFor(texts, type);
        const [verdict, became] = fromJson(plan, given);
        for (const other of [fromJson(plan, String(given)), fromCsv(plan, String(given))]) {
          expect(other[0]).toBe(verdict);
          if (verdict === "is") expect(other[1]).toBe(became);
        }
      }),
    );
  });

  it("that looks like a number is not the place of another", () => {
    const plan = planFor(["1", "2", "3"]);
    for (const form of [fromJson(plan, 1), fromJson(plan, "1"), fromColumns(plan, 1)]) {
      expect(form).toEqual(["is", 0]);
    }
    expect(fromCsv(plan, "1")).toEqual(["is", 0]);
    expect(fromCsv(plan, "1.0")).toEqual(["is", 0]);
    expect(fromJson(plan, 0)).toEqual([
      "invalid_value",
      "must be one of '1', '2', '3'; it is 0; a category is told by its text, not by its place",
    ]);
  });

  it("is not told by its place where none looks like a number either", () => {
    const plan = planFor(["red", "green"]);
    const why = "a category is told by its text, not by its place";
    expect(fromJson(plan, 1)[1]).toBe(`must be one of 'red', 'green'; it is 1; ${why}`);
    expect(fromJson(plan, "1")[1]).toBe(
      `must be one of 'red', 'green'; it is the text '1'; ${why}`,
    );
    expect(fromCsv(plan, "1")[1]).toBe(`must be one of 'red', 'green'; it is the text '1'; ${why}`);
    expect(fromJson(plan, 2)[1]).toBe("must be one of 'red', 'green'; it is 2");
  });

  it("of a number is the one written so, or as JSON would, or the only one that says it", () => {
    const plan = planFor(["1", "1.0", "2.50", "030"]);
    expect(fromJson(plan, 1)).toEqual(["is", 0]);
    expect(fromJson(plan, "1.0")).toEqual(["is", 1]);
    expect(fromJson(plan, "01")).toEqual(["is", 0]);
    expect(fromJson(plan, 2.5)).toEqual(["is", 2]);
    expect(fromCsv(plan, "3e1")).toEqual(["is", 3]);
    expect(fromJson(planFor(["01", "1.0"]), 1)[0]).toBe("invalid_value");
  });

  it("of more digits than a number of JSON keeps is told as text", () => {
    const plan = planFor(["9007199254740992", "9007199254740993"]);
    expect(fromJson(plan, "9007199254740993")).toEqual(["is", 1]);
    expect(fromCsv(plan, "9007199254740993")).toEqual(["is", 1]);
    expect(fromJson(plan, "9007199254740994")[0]).toBe("invalid_value");
    // biome-ignore lint/correctness/noPrecisionLoss: that it is another number is what is tested.
    expect(fromJson(plan, 9007199254740993)[1]).toMatch(/past 2\^53 write it as text/);
  });

  it("may have space around it, or be empty", () => {
    const plan = planFor([" red", "red", ""]);
    expect(fromCsv(plan, " red")).toEqual(["is", 0]);
    expect(fromJson(plan, "red ")).toEqual(["is", 1]);
    for (const empty of [fromJson(plan, ""), fromCsv(plan, ""), fromCsv(plan, "  ")]) {
      expect(empty).toEqual(["is", 2]);
    }
  });

  it.each<Datatype>(["FP32", "BYTES"])("that is missing is asked for by its texts, %s", (type) => {
    const plan = planFor(["red", "green"], type);
    const missing = ["missing_value", "is empty: the model needs one of 'red', 'green'"];
    expect(fromJson(plan, null)).toEqual(missing);
    expect(fromCsv(plan, "")).toEqual(missing);
    expect(fromCsv(plan, " ")).toEqual(missing);
  });

  it("that is none is told what there are, whatever came in its place", () => {
    const plan = planFor(Array.from({ length: 11 }, (_, place) => `colour ${place}`));
    const those = /^must be one of 'colour 0', .*'colour 7' and 3 more; it is/;
    for (const value of [true, {}, ["colour 1"], "colour", 1.5, 1e300]) {
      expect(fromJson(plan, value)).toEqual(["invalid_value", expect.stringMatching(those)]);
    }
    expect(fromJson(plan, "colour1")[1]).toMatch(/did you mean 'colour 1'\?$/);
  });

  it("may stand in an array, where an input takes several", () => {
    const features = featuresOf({ name: "pair", categories: ["red", "green"] });
    const plan = planOf([spec("pair", [-1, 2]), spec("other", [-1])], features);
    const encode = (pair: unknown) =>
      encodeRow(plan, [pair, 1], { index: 0, form: "rows", ignoresUnknown: false, isText: false });
    expect(encode(["green", "red"])).toMatchObject({
      value: [{ data: Float32Array.of(1, 0) }, {}],
    });
    expect(encode(["green", 0])).toMatchObject({
      failure: { code: "invalid_value", path: "rows[0].pair[1]" },
    });
  });

  it("is none where the datatype cannot tell so many apart", () => {
    expect(planFor(["a", "b", "c"], "BOOL").features[0]?.categories).toBeUndefined();
    const two = planFor(["no", "yes"], "BOOL").features[0]?.categories;
    expect(two).toEqual(["no", "yes"]);
  });
});
