import fc from "fast-check";
import { DATATYPES, type Datatype } from "../../src/core/model/datatype.ts";
import { makeTensor, type Tensor } from "../../src/core/model/tensor.ts";

/** Text that the engine can hold: whole code points, no U+0000. */
const text = fc
  .string({ unit: "grapheme", maxLength: 8 })
  .filter((word) => !word.includes("\0") && word.isWellFormed());

const element: { readonly [D in Datatype]: (length: number) => fc.Arbitrary<unknown> } = {
  BOOL: (length) => fc.uint8Array({ minLength: length, maxLength: length, max: 1 }),
  UINT8: (length) => fc.uint8Array({ minLength: length, maxLength: length }),
  UINT16: (length) => fc.uint16Array({ minLength: length, maxLength: length }),
  UINT32: (length) => fc.uint32Array({ minLength: length, maxLength: length }),
  UINT64: (length) => fc.bigUint64Array({ minLength: length, maxLength: length }),
  INT8: (length) => fc.int8Array({ minLength: length, maxLength: length }),
  INT16: (length) => fc.int16Array({ minLength: length, maxLength: length }),
  INT32: (length) => fc.int32Array({ minLength: length, maxLength: length }),
  INT64: (length) => fc.bigInt64Array({ minLength: length, maxLength: length }),
  FP16: (length) =>
    fc
      .uint16Array({ minLength: length, maxLength: length })
      // One NaN is as good as another once it has been a JSON word.
      .map((bits) =>
        bits.map((one) => ((one & 0x7c00) === 0x7c00 && (one & 0x3ff) !== 0 ? 0x7e00 : one)),
      ),
  FP32: (length) => fc.float32Array({ minLength: length, maxLength: length }),
  FP64: (length) => fc.float64Array({ minLength: length, maxLength: length }),
  BYTES: (length) => fc.array(text, { minLength: length, maxLength: length }),
};

/** Any tensor the engine could take: every datatype, rank 0 to 3, empty dimensions included. */
export const anyTensor = (name = "x"): fc.Arbitrary<Tensor> =>
  fc
    .tuple(fc.constantFrom(...DATATYPES), fc.array(fc.nat(4), { maxLength: 3 }))
    .chain(([datatype, shape]) => {
      const length = shape.reduce((product, dimension) => product * dimension, 1);
      return element[datatype](length).map((data) =>
        makeTensor(name, datatype, shape, data as never),
      );
    });
