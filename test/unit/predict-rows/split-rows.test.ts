import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeTensor, type Tensor } from "../../../src/core/model/tensor.ts";
import { joinRows, splitRows } from "../../../src/core/predict/rows/split-rows.ts";
import { anyTensor } from "../../support/tensors.ts";

/** Several rows of the same tensors: one tensor, cut along its first dimension. */
const manyRows = fc
  .array(anyTensor(), { minLength: 1, maxLength: 3 })
  .map((tensors) => tensors.filter(({ shape }) => shape.length > 0 && shape[0] !== 0))
  .filter((tensors) => tensors.length > 0)
  .map((tensors) => {
    const rows = Math.min(...tensors.map(({ shape }) => shape[0] ?? 0));
    return { rows, tensors: tensors.map((tensor) => cut(tensor, rows)) };
  });

function cut({ name, datatype, shape, data }: Tensor, rows: number): Tensor {
  const size = data.length / (shape[0] ?? 1);
  return makeTensor(name, datatype, [rows, ...shape.slice(1)], data.slice(0, rows * size) as never);
}

describe("rows of a batch", () => {
  it("are what was put together, in any number and of any datatype", () => {
    fc.assert(
      fc.property(manyRows, ({ rows, tensors }) => {
        const split = splitRows(tensors, rows);
        if (split === undefined) throw new Error("it has its rows first");
        expect(split).toHaveLength(rows);
        for (const row of split) expect(row.every(({ shape }) => shape[0] === 1)).toBe(true);
        expect(joinRows(split)).toEqual(tensors);
      }),
    );
  });

  it("own their data: a row that is kept does not keep the batch", () => {
    const batch = makeTensor("y", "FP32", [1_000, 2], new Float32Array(2_000));
    const row = splitRows([batch], 1_000)?.[7]?.[0];
    if (row?.datatype !== "FP32") throw new Error("another datatype");
    expect(row.data.buffer.byteLength).toBe(8);
  });

  it("cannot be told where an output does not have its rows first", () => {
    const rows = makeTensor("y", "FP32", [2], new Float32Array(2));
    const scalar = makeTensor("loss", "FP32", [], new Float32Array(1));
    expect(splitRows([rows, scalar], 2)).toBeUndefined();
    expect(splitRows([rows], 3)).toBeUndefined();
    // Of one row everything is its own.
    expect(splitRows([rows, scalar], 1)).toEqual([[rows, scalar]]);
  });
});
