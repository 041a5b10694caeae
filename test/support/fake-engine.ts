import { fail, ok } from "../../src/core/model/result.ts";
import { type Bytes, makeTensor, type TensorSpec } from "../../src/core/model/tensor.ts";
import type { Engine, EngineSession, OpenFailure } from "../../src/core/ports/engine.ts";

const FEATURES: TensorSpec = { name: "x", datatype: "FP32", shape: [-1, 2] };
const SUM: TensorSpec = { name: "sum", datatype: "FP32", shape: [-1] };

export interface FakeEngine extends Engine {
  readonly opened: number;
  readonly released: number;
  /** Runs of all sessions. */
  readonly runs: number;
  /** The next opens fail so, one each. */
  failNext(...reasons: OpenFailure["reason"][]): void;
  /** What a session of this file size takes. */
  memoryOf: (sizeBytes: number) => number;
}

/**
 * An engine for tests of the core alone: adds up each row, plus the first byte of
 * the model, so that answers tell versions apart. The real one has a suite of its own.
 */
export function createFakeEngine(limitBytes = 1_000_000): FakeEngine {
  const failures: OpenFailure["reason"][] = [];
  let opened = 0;
  let released = 0;
  let runs = 0;
  const engine: FakeEngine = {
    memoryOf: (sizeBytes) => sizeBytes,
    get opened() {
      return opened;
    },
    get released() {
      return released;
    },
    get runs() {
      return runs;
    },
    failNext: (...reasons) => void failures.push(...reasons),
    restart: async () => undefined,
    memory: () => ({ usedBytes: 0, limitBytes }),
    async open(model) {
      const reason = failures.shift();
      if (reason !== undefined) return fail({ reason, detail: `the test said ${reason}` });
      opened += 1;
      return ok(
        session(model, engine.memoryOf(model.byteLength), {
          onRun: () => {
            runs += 1;
          },
          onRelease: () => {
            released += 1;
          },
        }),
      );
    },
  };
  return engine;
}

interface Heard {
  onRun(): void;
  onRelease(): void;
}

const session = (model: Bytes, memoryBytes: number, heard: Heard): EngineSession => ({
  inputs: [FEATURES],
  outputs: [SUM],
  memoryBytes,
  async run([input]) {
    heard.onRun();
    if (input?.datatype !== "FP32") throw new Error("inputs are checked before a run");
    if (input.data.some(Number.isNaN)) return fail({ reason: "rejected_input", detail: "NaN" });
    const rows = input.shape[0] ?? 0;
    const sums = Float32Array.from({ length: rows }, (_, row) => {
      return (input.data[2 * row] ?? 0) + (input.data[2 * row + 1] ?? 0) + (model[0] ?? 0);
    });
    return ok([makeTensor("sum", "FP32", [rows], sums)]);
  },
  async release() {
    heard.onRelease();
  },
});
