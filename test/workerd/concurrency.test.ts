import { describe, expect, it } from "vitest";
import type { EngineSession } from "../../src/core/ports/engine.ts";
import { ELEMENT, encodeModel, node, tensor } from "../support/onnx-encoder.ts";
import { floats, openSession, runAll } from "./open-session.ts";

/** `y` = `x` × `factor`, in several steps. */
const scale = (factor: number) =>
  encodeModel({
    nodes: [node("MatMul", ["x", "w"], ["m"]), node("ReduceMax", ["m"], ["y"])],
    inputs: [{ name: "x", type: ELEMENT.FP32, shape: ["n", 1] }],
    outputs: [{ name: "y", type: ELEMENT.FP32, shape: [null, null] }],
    initializers: [
      tensor("w", ELEMENT.FP32, [1, 1], new Uint8Array(Float32Array.of(factor).buffer)),
    ],
  });

async function answer(session: EngineSession, value: number): Promise<number | undefined> {
  const [y] = await runAll(session, [floats("x", [2, 1], value, value - 1)]);
  return y?.datatype === "FP32" ? y.data[0] : undefined;
}

describe("runs at the same time", () => {
  it("200 on two sessions never mix their answers", async () => {
    const [tens, thousands] = await Promise.all([
      openSession(scale(10)),
      openSession(scale(1_000)),
    ]);
    const asked = Array.from({ length: 200 }, (_, index) => index + 1);
    const answers = await Promise.all(
      asked.map((value) => answer(value % 2 === 0 ? tens : thousands, value)),
    );
    expect(answers).toEqual(asked.map((value) => value * (value % 2 === 0 ? 10 : 1_000)));
    await Promise.all([tens.release(), thousands.release()]);
  });

  it("are not disturbed by others that fail, open and release", async () => {
    const session = await openSession(scale(10));
    const troubles = Array.from({ length: 50 }, async () => {
      const other = await openSession(scale(3));
      await other.run([floats("x", [1, 2], 1, 2)], ["y"]);
      await other.release();
    });
    const asked = Array.from({ length: 50 }, (_, index) => index + 1);
    const answers = await Promise.all(asked.map((value) => answer(session, value)));
    await Promise.all(troubles);
    expect(answers).toEqual(asked.map((value) => value * 10));
    await session.release();
  });

  it("that began before a release still answer", async () => {
    const session = await openSession(scale(10));
    const running = answer(session, 4);
    await session.release();
    expect(await running).toBe(40);
  });
});
