import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/core/model/tensor.ts";
import { writeJsonData } from "../../../src/core/model/write-json-data.ts";
import { readOipRequest } from "../../../src/http/oip/read-request.ts";
import { anyTensor } from "../../support/tensors.ts";

const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

const read = (value: unknown) => readOipRequest(bytesOf(value), undefined);

function tensorOf(value: unknown): Tensor {
  const request = read(value);
  if (!request.ok) throw new Error(request.failure.detail);
  const { inputs } = request.value;
  if (typeof inputs === "function" || inputs[0] === undefined) throw new Error("no tensor");
  return inputs[0];
}

function detailOf(value: unknown): string {
  const request = read(value);
  if (request.ok) throw new Error("it was taken");
  return request.failure.detail;
}

const input = (changes: object) => ({
  inputs: [{ name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4], ...changes }],
});

describe("tensors in JSON", () => {
  it("come back as they were written, for every datatype and shape", () => {
    fc.assert(
      fc.property(anyTensor(), (tensor) => {
        const { name, datatype, shape } = tensor;
        // 64-bit integers past 2^53 go in as strings; the text that goes out is exact.
        const isBig = datatype === "INT64" || datatype === "UINT64";
        const data = isBig
          ? JSON.stringify(Array.from(tensor.data, String))
          : writeJsonData(tensor);
        const json = `{"inputs":[{"name":"${name}","datatype":"${datatype}","shape":[${shape}],"data":${data}}]}`;
        expect(tensorOf(json)).toEqual(tensor);
      }),
      { numRuns: 2_000 },
    );
  });

  it("may be nested as the shape is", () => {
    expect(
      tensorOf(
        input({
          data: [
            [1, 2],
            [3, 4],
          ],
        }),
      ),
    ).toEqual(tensorOf(input({})));
  });

  it("may be empty and may be scalars", () => {
    expect(tensorOf(input({ shape: [0, 2], data: [] })).data).toHaveLength(0);
    expect(tensorOf(input({ shape: [2, 0], data: [[], []] })).data).toHaveLength(0);
    expect(tensorOf(input({ shape: [], data: [7] })).data).toEqual(Float32Array.of(7));
  });

  it("write 64-bit integers in full and negative zero as it is", () => {
    const big = tensorOf(input({ datatype: "INT64", shape: [1], data: ["-9223372036854775808"] }));
    expect(writeJsonData(big)).toBe("[-9223372036854775808]");
    expect(writeJsonData(tensorOf(input({ shape: [2], data: [-0, 0] })))).toBe("[0,0]");
    expect(
      writeJsonData({ name: "x", datatype: "FP64", shape: [1], data: Float64Array.of(-0) }),
    ).toBe("[-0]");
  });

  it.each([
    ["a string for a number", { data: [1, 2, "3", 4] }, /inputs\[0\]\.data\[2\] must be a number/],
    ["null", { data: [1, 2, 3, null] }, /inputs\[0\]\.data\[3\]/],
    ["a number past binary32", { data: [1, 2, 3, 1e39] }, /data\[3\].*binary32/],
    ["a number past binary16", { datatype: "FP16", data: [1, 2, 3, 65_520] }, /data\[3\].*65504/],
    [
      "a fraction for an integer",
      { datatype: "INT32", data: [1, 2.5, 3, 4] },
      /data\[1\] must be a whole number/,
    ],
    [
      "an integer that would wrap",
      { datatype: "INT8", data: [1, 2, 3, 300] },
      /data\[3\].*-128 to 127/,
    ],
    ["a negative unsigned one", { datatype: "UINT64", data: [1, 2, 3, -1] }, /data\[3\].*from 0/],
    [
      "an integer that JSON has already rounded",
      { datatype: "INT64", data: [1, 2, 3, 2 ** 60] },
      /data\[3\].*string/,
    ],
    [
      "an integer past 64 bits",
      { datatype: "INT64", data: [1, 2, 3, "9223372036854775808"] },
      /data\[3\]/,
    ],
    [
      "a number for a truth",
      { datatype: "BOOL", data: [true, false, 1, true] },
      /data\[2\] must be true or false/,
    ],
    [
      "U+0000 in a string",
      { datatype: "BYTES", data: ["a", "b\0c", "d", "e"] },
      /data\[1\].*U\+0000/,
    ],
    ["too few elements", { data: [1, 2, 3] }, /has 3 elements, the shape \[2, 2\] has 4/],
    [
      "ragged rows",
      { data: [[1, 2], [3]] },
      /data\[1\] has 1 elements, dimension 1 of the shape is 2/,
    ],
    [
      "a nested array too deep",
      {
        data: [
          [1, [2]],
          [3, 4],
        ],
      },
      /data\[0\]\[1\] must be a number/,
    ],
    ["a nested array too flat", { data: [[1, 2], 3] }, /data\[1\] must be an array/],
    ["no data", { data: undefined }, /data must be an array/],
    ["an unknown datatype", { datatype: "FLOAT" }, /datatype must be one of/],
    ["BF16", { datatype: "BF16" }, /no BF16/],
    ["a negative dimension", { shape: [-1, 2] }, /shape must be whole numbers/],
    ["a fractional dimension", { shape: [1.5] }, /shape must be whole numbers/],
    ["a shape that overflows", { shape: [2 ** 40, 2 ** 40] }, /shape/],
    ["a shape the body cannot hold", { shape: [2 ** 40] }, /more than the body can hold/],
    ["a name that is none", { name: 5 }, /name must be a string/],
    ["shared memory", { parameters: { shared_memory_region: "r" } }, /shared memory/],
    [
      "bytes without a header length",
      { data: undefined, parameters: { binary_data_size: 16 } },
      /Inference-Header-Content-Length/,
    ],
  ])("refuse %s and say where", (_what, changes, message) => {
    expect(detailOf(input(changes))).toMatch(message);
  });

  it.each([
    [[], /must be an object/],
    [{}, /inputs must be an array/],
    [{ inputs: [] }, /at least one/],
    [{ inputs: [3] }, /inputs\[0\] must be an object/],
    [{ ...input({}), id: 3 }, /id must be a string/],
    [{ ...input({}), parameters: [] }, /parameters must be an object/],
    [{ ...input({}), outputs: {} }, /outputs must be an array/],
    [{ ...input({}), outputs: [{ name: "a" }, { name: "a" }] }, /outputs\[1\].*twice/],
    [
      { ...input({}), outputs: [{ name: "a", parameters: { classification: 0 } }] },
      /classification/,
    ],
    [
      { ...input({}), outputs: [{ name: "a", parameters: { binary_data: 1 } }] },
      /binary_data must be/,
    ],
    [{ inputs: [...input({}).inputs, ...input({}).inputs] }, /'x' is given twice/],
    ["", /it is empty/],
    ["{", /JSON/],
    ['{"inputs": [}', /unexpected '}'/],
    [`{"inputs":${"[".repeat(101)}${"]".repeat(101)}}`, /nested more than 100 deep/],
  ])("refuse the request %j", (value, message) => {
    expect(detailOf(value)).toMatch(message);
  });

  it("take brackets inside strings for what they are", () => {
    const name = '[{"\\'.repeat(200);
    expect(tensorOf({ inputs: [{ name, datatype: "FP32", shape: [1], data: [1] }] }).name).toBe(
      name,
    );
  });

  it("take a byte order mark, and refuse what is not UTF-8", () => {
    expect(tensorOf(`\uFEFF${JSON.stringify(input({}))}`).name).toBe("x");
    const broken = readOipRequest(Uint8Array.of(0x22, 0xff, 0x22), undefined);
    expect(!broken.ok && broken.failure.detail).toMatch(/not UTF-8/);
  });

  it("never throw, whatever the JSON", () => {
    fc.assert(
      fc.property(fc.json(), (json) => void read(json)),
      { numRuns: 2_000 },
    );
  });
});
