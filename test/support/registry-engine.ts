import { inspectOnnx } from "../../src/core/model/onnx/inspect.ts";
import type { OnnxValue } from "../../src/core/model/onnx/read-value.ts";
import { fail, ok, type Result } from "../../src/core/model/result.ts";
import { makeTensor, type Tensor, type TensorSpec } from "../../src/core/model/tensor.ts";
import type { Engine, OpenFailure, RunFailure } from "../../src/core/ports/engine.ts";

type Answer = (
  inputs: readonly Tensor[],
  outputs: readonly string[],
) => Result<readonly Tensor[], RunFailure>;

/** An engine for registry tests: it has the interface that the file declares, and answers as told. */
export interface RegistryEngine extends Engine {
  readonly opened: number;
  readonly released: number;
  failNext(...reasons: OpenFailure["reason"][]): void;
  memoryOf: (sizeBytes: number) => number;
  /** Bytes that each open adds to the engine's memory. */
  growth: number;
  answer: Answer;
}

export function createRegistryEngine(limitBytes = 10_000_000): RegistryEngine {
  const failures: OpenFailure["reason"][] = [];
  let [opened, released, usedBytes] = [0, 0, 0];
  const engine: RegistryEngine = {
    memoryOf: () => 100,
    growth: 0,
    answer: sums,
    get opened() {
      return opened;
    },
    get released() {
      return released;
    },
    failNext: (...reasons) => void failures.push(...reasons),
    restart: async () => undefined,
    memory: () => ({ usedBytes, limitBytes }),
    async open(model) {
      const reason = failures.shift();
      if (reason !== undefined) return fail({ reason, detail: `the test said ${reason}` });
      const facts = inspectOnnx(model);
      if (!facts.ok) throw new Error("a file is inspected before it is opened");
      opened += 1;
      usedBytes += engine.growth;
      return ok({
        inputs: facts.value.inputs.map(specOf),
        outputs: facts.value.outputs.map(specOf),
        memoryBytes: engine.memoryOf(model.byteLength),
        run: async (inputs, outputs) => engine.answer(inputs, outputs),
        release: async () => {
          released += 1;
        },
      });
    },
  };
  return engine;
}

const specOf = ({ name, datatype = "FP32", shape = [] }: OnnxValue): TensorSpec => ({
  name,
  datatype,
  shape: shape.map((dimension) => (typeof dimension === "number" ? dimension : -1)),
});

/** Each output is the sums of the first input's rows. */
const sums: Answer = ([input], outputs) => {
  const rows = input?.shape[0] ?? 0;
  const numbers = Array.from(input?.data ?? [], Number);
  const width = rows === 0 ? 0 : numbers.length / rows;
  const totals = Float32Array.from({ length: rows }, (_, row) =>
    numbers.slice(row * width, (row + 1) * width).reduce((sum, one) => sum + one, 0),
  );
  return ok(outputs.map((name) => makeTensor(name, "FP32", [rows], totals)));
};
