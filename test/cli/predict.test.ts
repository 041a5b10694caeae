import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { createContext } from "../../src/cli/context.ts";
import { readGiven, readText } from "../../src/cli/predict/read-input.ts";
import { toRequest } from "../../src/cli/predict/to-request.ts";
import { writeTemporary } from "./write-fixture.ts";

const context = createContext(
  {},
  {
    env: {},
    out: () => undefined,
    err: () => undefined,
    input: () => Readable.from([]),
    send: () => Promise.resolve(),
    onStop: () => () => undefined,
    isOutTerminal: false,
    isErrTerminal: false,
    columns: undefined,
  },
);

const ONE = [{ name: "x", datatype: "FP32", shape: [-1, 2] }];
const json = (text: string) => readGiven(readText(context, undefined, text));
const csv = async (text: string) =>
  readGiven(readText(context, await writeTemporary("rows.csv", text), undefined));
const tensor = (shape: readonly number[], data: readonly unknown[]) => ({
  inputs: [{ name: "x", datatype: "FP32", shape, data }],
});

describe("predict makes of what it is given a request", () => {
  it("one row, or many", () => {
    expect(toRequest(json("[1, 2]"), ONE, [])).toEqual(tensor([1, 2], [1, 2]));
    expect(toRequest(json("[[1, 2], [3, 4]]"), ONE, [])).toEqual(tensor([2, 2], [1, 2, 3, 4]));
  });

  it("features by name, in the model's order, whatever else the file has", async () => {
    const given = await csv('label,"b",a\nyes,2,1\nno,4,3\n');
    expect(toRequest(given, ONE, ["a", "b"])).toEqual(tensor([2, 2], [1, 2, 3, 4]));
    expect(toRequest(json('{"b": 2, "a": 1}'), ONE, ["a", "b"])).toEqual(tensor([1, 2], [1, 2]));
    expect(() => toRequest(given, ONE, ["a", "c"])).toThrow(/the rows lack c/);
  });

  it("a CSV file without a header, a missing number in it", async () => {
    expect(toRequest(await csv("1,2\r\n,4\r\n"), ONE, ["a", "b"])).toEqual(
      tensor([2, 2], [1, 2, "NaN", 4]),
    );
  });

  it("flat rows folded as the model wants them", () => {
    const image = [{ name: "x", datatype: "FP32", shape: [-1, 2, 2] }];
    expect(toRequest(json("[1, 2, 3, 4]"), image, [])).toEqual(tensor([1, 2, 2], [1, 2, 3, 4]));
  });

  it("named columns for a model of several inputs", async () => {
    const two = [
      { name: "age", datatype: "FP32", shape: [-1, 1] },
      { name: "city", datatype: "BYTES", shape: [-1, 1] },
    ];
    expect(toRequest(await csv('city,age\n"Wien, 1030",7\n'), two, [])).toEqual({
      inputs: [
        { name: "age", datatype: "FP32", shape: [1, 1], data: [7] },
        { name: "city", datatype: "BYTES", shape: [1, 1], data: ["Wien, 1030"] },
      ],
    });
    expect(() => toRequest(json("[1, 2]"), two, [])).toThrow(/name the columns after its inputs/);
  });

  it("a whole request as it is", () => {
    const whole = { inputs: [{ name: "x" }], outputs: [{ name: "y" }] };
    expect(toRequest(json(JSON.stringify(whole)), ONE, [])).toEqual(whole);
  });

  it("nothing of uneven rows and other shapes", () => {
    expect(() => toRequest(json("[[1, 2], [3]]"), ONE, [])).toThrow(/row 2 has 1 values/);
    for (const text of ["[]", "{}", "[[1], {}]", "null", "[[[1]]]"]) {
      expect(() => toRequest(json(text), ONE, [])).toThrow();
    }
  });
});
