import { describe, expect, it } from "vitest";
import { makeTensor } from "../../src/core/model/tensor.ts";
import { ELEMENT, encodeModel, identityModel, node, oneNode } from "../support/onnx-encoder.ts";
import { floats, runAll, runFailure, withSession } from "./open-session.ts";

const two = encodeModel({
  nodes: [node("Sub", ["a", "b"], ["difference"]), node("Add", ["a", "b"], ["sum"])],
  inputs: [
    { name: "a", type: ELEMENT.FP32, shape: [1] },
    { name: "b", type: ELEMENT.FP32, shape: [1] },
  ],
  outputs: [
    { name: "sum", type: ELEMENT.FP32, shape: [1] },
    { name: "difference", type: ELEMENT.FP32, shape: [1] },
  ],
});

describe("what a session says of its model", () => {
  it("tells an open dimension as -1, named or not", async () => {
    await withSession(identityModel(ELEMENT.FP32, ["batch", null, 3]), async (session) => {
      expect(session.inputs[0]?.shape).toEqual([-1, -1, 3]);
      expect(session.outputs[0]?.shape).toEqual([-1, -1, 3]);
      const given = floats("x", [2, 1, 3], 1, 2, 3, 4, 5, 6);
      expect(await runAll(session, [given])).toEqual([{ ...given, name: "y" }]);
    });
  });

  it("tells an output of unknown rank as one open dimension", async () => {
    const unknown = { name: "y", type: ELEMENT.FP32 };
    const x = { name: "x", type: ELEMENT.FP32, shape: [null] };
    const shape = { name: "s", type: ELEMENT.INT64, shape: [null] };
    const reshape = encodeModel({
      nodes: [node("Reshape", ["x", "s"], ["y"])],
      inputs: [x, shape],
      outputs: [unknown],
    });
    await withSession(reshape, async (session) => {
      expect(session.outputs[0]?.shape).toEqual([-1]);
      const rank3 = makeTensor("s", "INT64", [3], BigInt64Array.of(1n, 2n, 1n));
      const [y] = await runAll(session, [floats("x", [2], 1, 2), rank3]);
      expect(y?.shape).toEqual([1, 2, 1]);
    });
  });

  it("keeps names that JavaScript has a meaning for", async () => {
    const input = { name: "__proto__", type: ELEMENT.FP32, shape: [1] };
    const output = { name: "constructor", type: ELEMENT.FP32, shape: [1] };
    const model = oneNode(node("Neg", ["__proto__"], ["constructor"]), input, output);
    await withSession(model, async (session) => {
      expect(session.inputs.map(({ name }) => name)).toEqual(["__proto__"]);
      const [answer] = await runAll(session, [floats("__proto__", [1], 5)]);
      expect(answer).toEqual(floats("constructor", [1], -5));
    });
  });

  it("keeps names beyond ASCII", async () => {
    const input = { name: "größe 🍎", type: ELEMENT.FP32, shape: [1] };
    const output = { name: "結果", type: ELEMENT.FP32, shape: [1] };
    const model = oneNode(node("Neg", [input.name], [output.name]), input, output);
    await withSession(model, async (session) => {
      expect(await runAll(session, [floats(input.name, [1], 5)])).toEqual([
        floats(output.name, [1], -5),
      ]);
    });
  });
});

describe("a run", () => {
  it("takes inputs in any order and gives outputs in the order asked for", async () => {
    await withSession(two, async (session) => {
      const inputs = [floats("b", [1], 2), floats("a", [1], 5)];
      for (const names of [["sum", "difference"], ["difference", "sum"], ["difference"]]) {
        const ran = await session.run(inputs, names);
        const expected = names.map((name) => floats(name, [1], name === "sum" ? 7 : 3));
        expect(ran).toEqual({ ok: true, value: expected });
      }
    });
  });

  it("refuses an empty tensor that promises millions of rows: the engine would walk them", async () => {
    await withSession(identityModel(ELEMENT.FP32, [null, null]), async (session) => {
      const failure = await runFailure(session, [floats("x", [2 ** 31, 0])]);
      expect(failure).toMatchObject({
        reason: "rejected_input",
        detail: expect.stringMatching(/'x' is empty/),
      });
      expect((await runAll(session, [floats("x", [1_000, 0])]))[0]?.shape).toEqual([1_000, 0]);
    });
  });

  it("never reads past data that is shorter than its shape", async () => {
    await withSession(identityModel(ELEMENT.FP32, [null]), async (session) => {
      const failure = await runFailure(session, [floats("x", [4], 1, 2)]);
      expect(failure).toMatchObject({ reason: "rejected_input" });
      expect(failure.detail).toMatch(/has 2 elements, its shape \[4\] says 4/);
    });
  });

  it.each([
    ["with U+0000 in it", "a\0b"],
    ["with half of a surrogate pair", "a\ud83db"],
  ])("refuses a text %s rather than change it", async (_what, text) => {
    await withSession(identityModel(ELEMENT.BYTES, [null]), async (session) => {
      const failure = await runFailure(session, [makeTensor("x", "BYTES", [2], ["good", text])]);
      expect(failure).toMatchObject({ reason: "rejected_input" });
      const again = makeTensor("x", "BYTES", [1], ["good"]);
      expect((await runAll(session, [again]))[0]?.data).toEqual(["good"]);
    });
  });
});
