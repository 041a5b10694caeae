import { describe, expect, it } from "vitest";
import { makeTensor } from "../../src/core/model/tensor.ts";
import allocBomb from "../fixtures/invalid/alloc_bomb.onnx?url&inline";
import {
  ELEMENT,
  encodeModel,
  identityModel,
  node,
  tensor,
  weights,
} from "../support/onnx-encoder.ts";
import { engine } from "./isolate-engine.ts";
import {
  bytesOf,
  floats,
  openFailure,
  openSession,
  runAll,
  runFailure,
  withSession,
} from "./open-session.ts";

const MIB = 1 << 20;
const small = identityModel(ELEMENT.FP32, [null]);

async function expectUsable(): Promise<void> {
  await withSession(small, async (session) => {
    expect(await runAll(session, [floats("x", [2], 1, 2)])).toEqual([floats("y", [2], 1, 2)]);
  });
}

/** `y` = `x` × `w`, a square of `side`². */
const matrixModel = (side: number, name = "x") =>
  encodeModel({
    nodes: [node("MatMul", [name, "w"], ["y"])],
    inputs: [{ name, type: ELEMENT.FP32, shape: [null, null] }],
    outputs: [{ name: "y", type: ELEMENT.FP32, shape: [null, null] }],
    initializers: [tensor("w", ELEMENT.FP32, [side, side], weights(side * side))],
  });

describe("the engine's memory", () => {
  it("is capped, and the globals that were borrowed for it are put back", () => {
    expect(engine.memory().limitBytes).toBe(80 * MIB);
    expect(engine.memory().usedBytes).toBeLessThanOrEqual(80 * MIB);
    expect(WebAssembly.Memory.name).toBe("Memory");
    expect("instantiateWasm" in {}).toBe(false);
  });

  // First here: what another test let grow never shrinks, and only this file runs on much.
  it("grows during a run without harm to its answer", async () => {
    const before = engine.memory().usedBytes;
    const data = new Uint8Array(24 * MIB);
    for (let index = 0; index < data.length; index += 1) data[index] = index % 251;
    await withSession(identityModel(ELEMENT.UINT8, [null]), async (session) => {
      const [y] = await runAll(session, [makeTensor("x", "UINT8", [data.length], data)]);
      const wrong = data.findIndex((byte, index) => byte !== y?.data[index]);
      expect([y?.shape, wrong]).toEqual([[data.length], -1]);
    });
    expect(engine.memory().usedBytes).toBeGreaterThan(before);
  });

  it("refuses an input that does not fit, and goes on", async () => {
    await withSession(identityModel(ELEMENT.UINT8, [null]), async (session) => {
      const size = 81 * MIB;
      const huge = makeTensor("x", "UINT8", [size], new Uint8Array(size));
      expect(await runFailure(session, [huge])).toMatchObject({ reason: "out_of_memory" });
      const one = makeTensor("x", "UINT8", [1], Uint8Array.of(7));
      expect((await runAll(session, [one]))[0]?.data).toEqual(Uint8Array.of(7));
    });
  });

  it("refuses a model that does not fit, and goes on", async () => {
    const failure = await openFailure(matrixModel(2_900));
    expect(failure).toMatchObject({ reason: "out_of_memory" });
    expect(failure.detail).not.toMatch(/bad_alloc|\//);
    await expectUsable();
  });

  it.each([
    ["more than a pointer can say", 100_000n],
    ["more than an isolate has", 10_000n],
  ])("refuses inputs that ask for %s, and goes on", async (_what, side) => {
    await withSession(bytesOf(allocBomb), async (session) => {
      const ask = (n: bigint) => makeTensor("s", "INT64", [2], BigInt64Array.of(n, n));
      const failure = await runFailure(session, [ask(side)]);
      expect(failure).toMatchObject({ reason: "out_of_memory" });
      expect(failure.detail).not.toMatch(/bad_alloc|op_kernel|\//);
      expect((await runAll(session, [ask(2n)]))[0]?.shape).toEqual([2, 2]);
    });
    await expectUsable();
  });

  it("stays flat over a thousand sessions, their runs and their failures", async () => {
    // A name of 100 kB and as much of weights: whatever a cycle forgets, a thousand fill the engine.
    const name = "n".repeat(100_000);
    const model = matrixModel(160, name);
    const good = floats(name, [1, 160], ...new Float32Array(160));
    const bad = floats(name, [1, 30_000], ...new Float32Array(30_000));
    const cycle = () =>
      withSession(model, async (session) => {
        await runAll(session, [good]);
        await runFailure(session, [bad]);
      });
    await cycle();
    const before = engine.memory().usedBytes;
    for (let count = 0; count < 1_000; count += 1) await cycle();
    expect(engine.memory().usedBytes).toBe(before);
  }, 60_000);

  it("counts a session's weights among what it keeps", async () => {
    const little = await withSession(matrixModel(16), async (session) => session.memoryBytes);
    const much = await withSession(matrixModel(1_024), async (session) => session.memoryBytes);
    expect(little).toBeLessThan(MIB);
    expect(much).toBeGreaterThan(4 * MIB);
  });
});

describe("a released session", () => {
  it("may be released again", async () => {
    const other = await openSession(small);
    const session = await openSession(small);
    await session.release();
    await session.release();
    expect(await runAll(other, [floats("x", [1], 3)])).toEqual([floats("y", [1], 3)]);
    await other.release();
  });

  it("does not run any more, and no session runs in its place", async () => {
    const session = await openSession(small);
    await session.release();
    const next = await openSession(small);
    expect(() => session.run([floats("x", [1], 1)], ["y"])).toThrow(/released/);
    await next.release();
  });
});

describe("an engine that starts anew", () => {
  it("has its memory back, and sessions of before say so", async () => {
    const before = await openSession(small);
    await withSession(matrixModel(1_024), async () => undefined);
    const grown = engine.memory().usedBytes;
    await engine.restart();
    expect(engine.memory().usedBytes).toBeLessThan(grown);
    expect(await runFailure(before, [floats("x", [1], 1)])).toMatchObject({
      reason: "engine_lost",
    });
    await before.release();
    await expectUsable();
  });
});
