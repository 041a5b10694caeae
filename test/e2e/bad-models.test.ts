import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { readFixture, readFixtureFile } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { ELEMENT, encodeModel, intAttribute, node, tensor } from "../support/onnx-encoder.ts";
import { publish } from "../support/publish.ts";
import { startTestStack } from "../support/stack.ts";

const FOLDER = join(import.meta.dirname, "..", "fixtures", "invalid");
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith(".onnx"));

/** Files that are valid models; what is bad about them shows elsewhere. */
const SERVED = ["alloc_bomb.onnx", "iris_incompatible_v2.onnx"];

const REASONS: Readonly<Record<string, RegExp>> = {
  "custom_domain.onnx": /unsupported_model.*com\.example/,
  "dims_lie.onnx": /invalid_model/,
  "empty.onnx": /invalid_model/,
  "external_data.onnx": /unsupported_model.*in another file/,
  "flipped.onnx": /invalid_model/,
  "html.onnx": /invalid_model/,
  "loop_burner.onnx": /unsupported_model.*[Ll]oop/,
  "sequence_output.onnx": /unsupported_model.*sequence/,
  "truncated.onnx": /invalid_model/,
  "unknown_op.onnx": /unsupported_model.*NoSuchOp/,
  "zipmap_output.onnx": /unsupported_model.*probabilities/,
};

const nameOf = (file: string) => `bad-${file.replace(/\.onnx$/, "")}`;

/** Answers each row by itself, and takes memory for as many floats as the largest one says. */
const GREEDY = encodeModel({
  nodes: [
    node("ReduceMax", ["x"], ["largest"], [intAttribute("keepdims", 1)]),
    node("Reshape", ["largest", "flat"], ["size"]),
    node("ConstantOfShape", ["size"], ["zeros"]),
    node("ReduceSum", ["zeros"], ["nothing"], [intAttribute("keepdims", 0)]),
    node("Cast", ["x"], ["float"], [intAttribute("to", ELEMENT.FP32)]),
    node("Add", ["float", "nothing"], ["y"]),
  ],
  inputs: [{ name: "x", type: ELEMENT.INT64, shape: [null, 1] }],
  outputs: [{ name: "y", type: ELEMENT.FP32, shape: [null, 1] }],
  initializers: [tensor("flat", ELEMENT.INT64, [1], new Uint8Array(8).fill(255))],
});

describe("bad models", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startTestStack();
    for (const file of FILES) {
      await publish(stack.store, nameOf(file), readFixtureFile("invalid", file));
    }
  });

  afterAll(() => stack.stop());

  it("are all known to these tests", () => {
    expect([...Object.keys(REASONS), ...SERVED].sort()).toEqual(FILES.sort());
  });

  it.each(Object.entries(REASONS))(
    "%s never reaches traffic; the index says why",
    async (file, reason) => {
      const answer = await inferJson(stack.url, `/v2/models/${nameOf(file)}/infer`, [[1, 2, 3, 4]]);
      expect([answer.status, answer.error]).toEqual([503, expect.stringMatching(reason)]);
      expect(answer.error).not.toMatch(/\/mnt\/|onnxruntime\/core|passwd/);
      const index = await (
        await fetch(`${stack.url}/v2/repository/index`, { method: "POST" })
      ).json();
      expect(index).toContainEqual({
        name: nameOf(file),
        version: "1",
        state: "UNAVAILABLE",
        reason: expect.stringMatching(reason),
      });
      const ready = await fetch(`${stack.url}/v2/models/${nameOf(file)}/ready`);
      expect(ready.status).toBe(503);
    },
  );

  it("alloc_bomb.onnx refuses the input that asks for 40 GB, and goes on", async () => {
    const path = `${stack.url}/v2/models/${nameOf("alloc_bomb.onnx")}/infer`;
    const ask = async (data: number[]) => {
      const inputs = [{ name: "s", datatype: "INT64", shape: [2], data }];
      const answer = await fetch(path, { method: "POST", body: JSON.stringify({ inputs }) });
      return { status: answer.status, body: await answer.text() };
    };
    const bomb = await ask([100_000, 100_000]);
    expect(bomb.status).toBe(400);
    expect(bomb.body).not.toMatch(/onnxruntime|op_kernel/);
    // Fits into 32 bits, not into an isolate.
    expect((await ask([10_000, 10_000])).status).toBe(400);
    expect((await ask([2, 3])).status).toBe(200);
  });

  it("fails the one row among others that asks for 40 GB", async () => {
    await publish(stack.store, "bad-greedy", GREEDY);
    const rows = Array.from({ length: 300 }, (_, index) => [index === 170 ? 10_000_000_000 : 1]);
    const answer = await fetch(`${stack.url}/v1/models/bad-greedy/predict`, {
      method: "POST",
      body: JSON.stringify({ rows }),
    });
    const { results } = (await answer.json()) as {
      results: readonly { ok: boolean; outputs?: object; error?: { code: string } }[];
    };
    expect(results.map(({ outputs, error }) => error?.code ?? outputs)).toEqual(
      rows.map(([value]) => (value === 1 ? { y: 1 } : "input_too_large")),
    );
  });

  it("harm no other model", async () => {
    const { rows, expected } = readFixture("iris-logreg", "1");
    const answer = await inferJson(stack.url, "/v2/models/iris-logreg/infer", rows);
    expect(answer.outputs[0]?.data).toEqual(expected.label);
  });
});
