import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAnswer as readCompletion } from "../../../src/adapters/remote/chat/read-answer.ts";
import { readAnswer } from "../../../src/adapters/remote/oip/read-answer.ts";
import { elementCount, type Tensor, type TensorSpec } from "../../../src/core/model/tensor.ts";
import { writeJsonTensors } from "../../../src/core/model/write-json-data.ts";
import { completion } from "../../support/remote.ts";
import { anyTensor } from "../../support/tensors.ts";

const keys = fc.constantFrom(
  ...["outputs", "name", "datatype", "shape", "data", "o", "p", "model_name", "no", "yes"],
  "__proto__",
);
const leaves = fc.constantFrom<unknown>(
  ...["o", "p", "FP32", "INT64", 0, 1, -1, 2.5, 1e300, 2 ** 53, "NaN", null, true, "", "12"],
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: "medium" },
    leaves,
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(keys, tie("json"), { maxKeys: 5 }),
  ),
}));

const WANTED: readonly TensorSpec[] = [
  { name: "o", datatype: "INT64", shape: [-1] },
  { name: "p", datatype: "FP32", shape: [-1, 2] },
];

/** Nearly right outputs, so that some are read to the end. */
const output = (name: string, datatype: string) =>
  fc.record({
    name: fc.constant(name),
    datatype: fc.oneof(fc.constant(datatype), leaves),
    shape: fc.oneof(fc.array(fc.nat(3), { maxLength: 3 }), json),
    data: fc.oneof(fc.array(fc.oneof(fc.integer(), leaves), { maxLength: 6 }), json),
  });
const answers = fc.record({
  outputs: fc.oneof(fc.tuple(output("o", "INT64"), output("p", "FP32")), json),
  model_name: json,
  model_version: json,
});

function checkOutputs(outputs: readonly Tensor[], wanted: readonly TensorSpec[]): void {
  expect(outputs.map(({ name, datatype }) => ({ name, datatype }))).toEqual(
    wanted.map(({ name, datatype }) => ({ name, datatype })),
  );
  for (const { shape, data } of outputs) expect(data.length).toBe(elementCount(shape));
}

describe("whatever a remote answers", () => {
  it("by the protocol is read or refused, and never half of it", () => {
    fc.assert(
      fc.property(fc.oneof(answers, json), (value) => {
        const read = readAnswer(JSON.stringify(value), WANTED);
        if (read.ok) checkOutputs(read.value.outputs, WANTED);
        else expect(read.failure.detail).not.toMatch(/\n/);
      }),
      { numRuns: 3_000 },
    );
  });

  it("by chat is read or refused, and never half of it", () => {
    const said = fc.dictionary(fc.constantFrom("o", "p"), json, { minKeys: 2 });
    fc.assert(
      fc.property(fc.oneof(said, json), (value) => {
        const wish = { outputs: WANTED, classes: ["no", "yes"], batch: 1, map: {} };
        const read = readCompletion(completion(JSON.stringify(value)), wish);
        if (read.ok) checkOutputs(read.value.outputs, WANTED);
        else expect(read.failure.detail).not.toMatch(/\n/);
      }),
      { numRuns: 3_000 },
    );
  });

  it("as any text is no reason to throw", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(readAnswer(text, WANTED).ok).toBe(false);
        const wish = { outputs: WANTED, classes: [], batch: undefined, map: {} };
        expect(readCompletion(text, wish).ok).toBe(false);
        expect(readCompletion(completion(text), wish).ok).toBe(false);
      }),
    );
  });

  it("is the tensor that it wrote, for every datatype and every bit", () => {
    fc.assert(
      fc.property(anyTensor(), (tensor) => {
        const text = `{"outputs":[${writeJsonTensors([tensor])}]}`;
        const read = readAnswer(text, [tensor]);
        expect(read).toMatchObject({ ok: true, value: { outputs: [tensor] } });
      }),
      { numRuns: 1_000 },
    );
  });
});
