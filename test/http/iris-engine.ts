import { fail, ok } from "../../src/core/model/result.ts";
import { makeTensor, type Tensor, type TensorSpec } from "../../src/core/model/tensor.ts";
import type { Engine } from "../../src/core/ports/engine.ts";

const FEATURES: TensorSpec = { name: "features", datatype: "FP32", shape: [-1, 4] };

/** Each row's first three features are its scores; its species is the highest of them. */
const OUTPUTS: readonly TensorSpec[] = [
  { name: "label", datatype: "INT64", shape: [-1] },
  { name: "scores", datatype: "FP32", shape: [-1, 3] },
  { name: "species", datatype: "BYTES", shape: [-1] },
];

export const CLASSES = ["setosa", "versicolor", "virginica"] as const;

/** An engine whose every model classifies: three outputs of three datatypes. */
export function createIrisEngine(): Engine {
  return {
    restart: async () => undefined,
    memory: () => ({ usedBytes: 16, limitBytes: 1_000_000 }),
    async open(model) {
      return ok({
        inputs: [FEATURES],
        outputs: OUTPUTS,
        memoryBytes: model.byteLength,
        async run([input], wanted) {
          if (input?.datatype !== "FP32") throw new Error("inputs are checked before a run");
          if (input.data.includes(-1)) return fail({ reason: "rejected_input", detail: "a -1" });
          if (input.data.includes(-2)) return fail({ reason: "out_of_memory", detail: "a -2" });
          if (input.data.includes(-3)) throw new Error("a bug with a secret in it");
          const rows = input.shape[0] ?? 0;
          return ok(wanted.map((name) => compute(name, rows, input.data)));
        },
        release: async () => undefined,
      });
    },
  };
}

function compute(name: string, rows: number, data: Float32Array): Tensor {
  const scores = Array.from({ length: rows }, (_, row) => [...data.slice(4 * row, 4 * row + 3)]);
  const labels = scores.map((row) => row.indexOf(Math.max(...row)));
  switch (name) {
    case "label":
      return makeTensor(name, "INT64", [rows], BigInt64Array.from(labels.map(BigInt)));
    case "scores":
      return makeTensor(name, "FP32", [rows, 3], Float32Array.from(scores.flat()));
    case "species":
      return makeTensor(
        name,
        "BYTES",
        [rows],
        labels.map((label) => CLASSES[label] ?? ""),
      );
    default:
      throw new Error("outputs are checked before a run");
  }
}
