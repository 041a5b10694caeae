import { describe, expect, it } from "vitest";
import { DATATYPES, type Datatype } from "../../src/core/model/datatype.ts";
import { type DataOf, makeTensor, type Tensor } from "../../src/core/model/tensor.ts";
import { ELEMENT, identityModel } from "../support/onnx-encoder.ts";
import { openFailure, runAll, withSession } from "./open-session.ts";

/** Elements that a careless copy would change. */
const EXTREMES: { readonly [D in Datatype]: DataOf[D] } = {
  BOOL: Uint8Array.of(0, 1, 1, 0),
  UINT8: Uint8Array.of(0, 1, 127, 128, 255),
  UINT16: Uint16Array.of(0, 1, 0x7fff, 0x8000, 0xffff),
  UINT32: Uint32Array.of(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
  UINT64: BigUint64Array.of(0n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n),
  INT8: Int8Array.of(-128, -1, 0, 127),
  INT16: Int16Array.of(-32_768, -1, 0, 32_767),
  INT32: Int32Array.of(-2_147_483_648, -1, 0, 2_147_483_647),
  INT64: BigInt64Array.of(-(2n ** 63n), -(2n ** 53n) - 1n, -1n, 2n ** 63n - 1n),
  // 1, -2, the largest, the smallest subnormal, -0, infinity, -infinity, NaN.
  FP16: Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e01),
  FP32: Float32Array.of(Number.NaN, Infinity, -Infinity, -0, 0, 1e-45, 3.402_823_4e38, -1.5),
  FP64: Float64Array.of(Number.NaN, Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE, 0.1),
  BYTES: ["", "plain", "Grüße", "日本語", "👩‍👩‍👧‍👦", "\ufeffmark", "a\nb\tc", "\u0001", ""],
};

/** What is in memory: NaN has many forms, and -0 equals 0. */
const raw = ({ data }: Tensor): unknown =>
  "buffer" in data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;

describe("the engine's datatypes", () => {
  it.each(DATATYPES)("%s comes back bit by bit", async (datatype) => {
    const data = EXTREMES[datatype];
    const given = makeTensor("x", datatype, [data.length], data);
    await withSession(identityModel(ELEMENT[datatype], ["n"]), async (session) => {
      expect(session.inputs).toEqual([{ name: "x", datatype, shape: [-1] }]);
      expect(session.outputs).toEqual([{ name: "y", datatype, shape: [-1] }]);
      const [y] = await runAll(session, [given]);
      expect(y).toMatchObject({ name: "y", datatype, shape: [data.length] });
      expect(y?.data.constructor).toBe(data.constructor);
      expect(y && raw(y)).toEqual(raw(given));
    });
  });

  it.each(DATATYPES)("%s may be a scalar", async (datatype) => {
    const data = EXTREMES[datatype].slice(-1) as DataOf[Datatype];
    const given = makeTensor("x", datatype, [], data as never);
    await withSession(identityModel(ELEMENT[datatype], []), async (session) => {
      expect(session.inputs[0]?.shape).toEqual([]);
      const [y] = await runAll(session, [given]);
      expect(y?.shape).toEqual([]);
      expect(y && raw(y)).toEqual(raw(given));
    });
  });

  it.each(DATATYPES)("%s may be empty", async (datatype) => {
    const data = EXTREMES[datatype].slice(0, 0) as DataOf[Datatype];
    await withSession(identityModel(ELEMENT[datatype], ["n", 3]), async (session) => {
      const [y] = await runAll(session, [makeTensor("x", datatype, [0, 3], data as never)]);
      expect(y).toMatchObject({ datatype, shape: [0, 3] });
      expect(y?.data).toHaveLength(0);
    });
  });

  it("take a view into a larger buffer for what it shows", async () => {
    const whole = Float32Array.of(9, 9, 1, 2, 9);
    const x = makeTensor("x", "FP32", [2], whole.subarray(2, 4));
    await withSession(identityModel(ELEMENT.FP32, [2]), async (session) => {
      expect((await runAll(session, [x]))[0]?.data).toEqual(Float32Array.of(1, 2));
    });
  });

  it("hand over data of their own: a later run does not change it", async () => {
    await withSession(identityModel(ELEMENT.FP32, [1]), async (session) => {
      const [first] = await runAll(session, [makeTensor("x", "FP32", [1], Float32Array.of(1))]);
      await runAll(session, [makeTensor("x", "FP32", [1], Float32Array.of(2))]);
      expect(first?.data).toEqual(Float32Array.of(1));
    });
  });

  it("do not include bfloat16, which the protocol's data has no array for", async () => {
    const failure = await openFailure(identityModel(ELEMENT.bfloat16, [1]));
    expect(failure).toMatchObject({ reason: "unsupported_model" });
  });
});
