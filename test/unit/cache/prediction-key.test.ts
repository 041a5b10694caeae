import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import {
  hashKey,
  type KeyParts,
  keyPrefix,
  outputsKey,
  textKey,
} from "../../../src/core/cache/prediction-key.ts";
import { makeTensor, type Tensor } from "../../../src/core/model/tensor.ts";
import { writeJsonData } from "../../../src/core/model/write-json-data.ts";
import { writeBinaryTensor } from "../../../src/http/oip/binary-tensor.ts";
import { readOipRequest } from "../../../src/http/oip/read-request.ts";
import { anyTensor } from "../../support/tensors.ts";

const DIGEST = "ab".repeat(32);
const digest = createNodeDigest();

function parts(inputs: readonly Tensor[], outputs: readonly string[] = ["y"], of = DIGEST) {
  return { prefix: keyPrefix(of, inputs), outputs: outputsKey(outputs), inputs } satisfies KeyParts;
}

/** What the key must tell apart, written another way: bits as hex, strings by their code units. */
function identity({ prefix, outputs, inputs }: KeyParts): string {
  const data = ({ data }: Tensor) =>
    Array.isArray(data)
      ? data.map((text: string) => [...text].map((c) => c.codePointAt(0)))
      : Buffer.from((data as Uint8Array).buffer.slice(0) as ArrayBuffer).toString("hex");
  return JSON.stringify([prefix, outputs, inputs.map((one) => [one.shape, data(one)])]);
}

const anyInputs = fc.tuple(anyTensor("a"), anyTensor("b"));

/** Pairs that differ in little: one element, one dimension, or where a string ends. */
const strings = fc.array(fc.constantFrom("", "1", "1:", ":", "11", "[1]", "2:a"), { maxLength: 4 });

describe("prediction key", () => {
  it("is equal exactly for equal tensors, as text and as hash", async () => {
    await fc.assert(
      fc.asyncProperty(anyInputs, anyInputs, async (one, other) => {
        const [a, b] = [parts(one), parts(other)];
        const isSame = identity(a) === identity(b);
        expect(textKey(a) === textKey(b)).toBe(isSame);
        expect((await hashKey(digest, a)) === (await hashKey(digest, b))).toBe(isSame);
        expect(await hashKey(digest, a)).toBe(await hashKey(digest, parts(structuredClone(one))));
      }),
      { numRuns: 500 },
    );
  });

  it("tells texts apart wherever one ends and the next begins", async () => {
    const tensor = (texts: readonly string[]) => makeTensor("a", "BYTES", [texts.length], texts);
    await fc.assert(
      fc.asyncProperty(strings, strings, strings, strings, async (a, b, c, d) => {
        const one = parts([tensor(a), { ...tensor(b), name: "b" }]);
        const other = parts([tensor(c), { ...tensor(d), name: "b" }]);
        const isSame = JSON.stringify([a, b]) === JSON.stringify([c, d]);
        expect(textKey(one) === textKey(other)).toBe(isSame);
        expect((await hashKey(digest, one)) === (await hashKey(digest, other))).toBe(isSame);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the same for the JSON and the binary form of a request", async () => {
    await fc.assert(
      fc.asyncProperty(anyTensor("a"), async (tensor) => {
        const { name, datatype, shape } = tensor;
        // Past 2^53 whole numbers are written as strings.
        const data = datatype.endsWith("INT64")
          ? JSON.stringify(Array.from(tensor.data, String))
          : writeJsonData(tensor);
        const json = `{"inputs":[{"name":"${name}","datatype":"${datatype}","shape":${JSON.stringify(shape)},"data":${data}}]}`;
        const bytes = writeBinaryTensor(tensor);
        const head = JSON.stringify({
          inputs: [{ name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } }],
        });
        const packed = new Uint8Array(Buffer.concat([Buffer.from(head), bytes]));
        const keys = await Promise.all(
          [
            readOipRequest(json, undefined),
            readOipRequest(packed, String(Buffer.byteLength(head))),
          ].map(async (read) => {
            if (!read.ok || typeof read.value.inputs === "function") throw new Error("it is valid");
            const of = parts(read.value.inputs);
            return [textKey(of), await hashKey(digest, of)];
          }),
        );
        expect(keys[0]).toEqual(keys[1]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["another version", parts([], ["y"], "cd".repeat(32))],
    ["other outputs", parts([], ["z"])],
    ["the same outputs in another order", parts([], ["z", "y"])],
    ["one output whose name looks like two", parts([], ['y","z'])],
  ])("differs for %s", async (_what, other) => {
    for (const same of [parts([]), parts([], ["y", "z"])]) {
      expect(textKey(other)).not.toBe(textKey(same));
      expect(await hashKey(digest, other)).not.toBe(await hashKey(digest, same));
    }
  });

  it("tells 0 from -0 and one NaN from another: they are other bytes", () => {
    const bits = (...words: number[]) =>
      textKey(
        parts([makeTensor("a", "FP32", [1], new Float32Array(Uint32Array.from(words).buffer))]),
      );
    expect(new Set([bits(0), bits(0x80000000), bits(0x7fc00000), bits(0x7fc00001)]).size).toBe(4);
  });

  it("tells an empty batch of one shape from that of another", () => {
    const empty = (shape: number[]) =>
      textKey(parts([makeTensor("a", "FP32", shape, new Float32Array())]));
    expect(empty([0, 2])).not.toBe(empty([2, 0]));
  });

  it("is a text up to 1 KiB of data, and left to the hash above", () => {
    const floats = (count: number) =>
      textKey(parts([makeTensor("a", "FP32", [count], new Float32Array(count))]));
    expect(floats(256)).toBeTypeOf("string");
    expect(floats(257)).toBeUndefined();
    const text = (length: number) =>
      textKey(parts([makeTensor("a", "BYTES", [1], ["x".repeat(length)])]));
    expect(text(1_000)).toBeTypeOf("string");
    expect(text(1_100)).toBeUndefined();
  });

  it("views elements in place, wherever they lie in a larger buffer", async () => {
    const wide = Float32Array.of(9, 1, 2, 9);
    const view = makeTensor("a", "FP32", [2], wide.subarray(1, 3));
    const own = makeTensor("a", "FP32", [2], Float32Array.of(1, 2));
    expect(textKey(parts([view]))).toBe(textKey(parts([own])));
    expect(await hashKey(digest, parts([view]))).toBe(await hashKey(digest, parts([own])));
  });
});
