import { expect, it } from "vitest";
import { namedNumbers, namedValues } from "../../../src/core/model/named-values.ts";
import { predictionRecordSchema } from "../../../src/core/model/prediction-record.ts";
import { aRecord } from "../../support/records.ts";

const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty"] as const;
const text = `{${NAMES.map((name, place) => `"${name}":${place / 8}`).join(",")}}`;

it("values by name are all there, whatever they are called, and nothing else is", () => {
  for (const schema of [namedNumbers, namedValues]) {
    const read = schema.parse(JSON.parse(text));
    expect(Object.entries(read)).toEqual(NAMES.map((name, place) => [name, place / 8]));
    expect(JSON.stringify(read)).toBe(text);
  }
  expect(namedValues.parse({}).constructor).toBeUndefined();
});

it("values by name are an object, and numbers by name are finite ones", () => {
  for (const wrong of [null, [1], "a", 1]) {
    expect(namedValues.safeParse(wrong).success).toBe(false);
    expect(namedNumbers.safeParse(wrong).success).toBe(false);
  }
  for (const wrong of ["1", null, Number.NaN]) {
    expect(namedNumbers.safeParse({ a: wrong }).success).toBe(false);
  }
});

it("a record that was kept has the probabilities of all classes, whatever they are called", () => {
  const kept = JSON.stringify({ ...aRecord({ id: "a" }), output: { label: "__proto__" } }).replace(
    '"label"',
    `"probabilities":${text},"label"`,
  );
  const { output } = predictionRecordSchema.parse(JSON.parse(kept));
  expect(Object.keys(output.probabilities ?? {})).toEqual(NAMES);
});
