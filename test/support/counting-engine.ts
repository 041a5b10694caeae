import { fail, ok } from "../../src/core/model/result.ts";
import { makeTensor, type Tensor } from "../../src/core/model/tensor.ts";
import type { Engine, EngineSession, RunFailure } from "../../src/core/ports/engine.ts";
import { createFakeEngine } from "./fake-engine.ts";

/** The fake engine's sums, every run counted. */
export interface CountingEngine extends Engine {
  readonly runs: number;
  readonly opened: number;
  /** Every run fails so until it is called without a reason. */
  failRuns(reason?: RunFailure["reason"]): void;
  /** Runs wait until the gate opens; left out, they do not any more. */
  hold(gate?: Promise<void>): void;
}

/** @param waits false: it answers without a promise, as the engine in the isolate does */
export function createCountingEngine({ waits = false } = {}): CountingEngine {
  const fake = createFakeEngine();
  let runs = 0;
  let failing: RunFailure["reason"] | undefined;
  let held: Promise<void> | undefined;
  const run = (firstByte: number, [input]: readonly Tensor[]) => {
    runs += 1;
    if (failing !== undefined) return fail({ reason: failing, detail: "the test said so" });
    if (input?.datatype !== "FP32") throw new Error("inputs are checked before a run");
    const { data, shape } = input;
    const sums = Float32Array.from({ length: shape[0] ?? 0 }, (_, row) => {
      return (data[2 * row] ?? 0) + (data[2 * row + 1] ?? 0) + firstByte;
    });
    return ok([makeTensor("sum", "FP32", [sums.length], sums)]);
  };
  return {
    get runs() {
      return runs;
    },
    get opened() {
      return fake.opened;
    },
    failRuns: (reason) => {
      failing = reason;
    },
    hold: (gate) => {
      held = gate;
    },
    restart: () => fake.restart(),
    memory: () => fake.memory(),
    async open(model) {
      const opened = await fake.open(model);
      if (!opened.ok) return opened;
      const firstByte = model[0] ?? 0;
      const session: EngineSession = {
        ...opened.value,
        run(inputs) {
          if (held !== undefined) return held.then(() => run(firstByte, inputs));
          return waits
            ? Promise.resolve().then(() => run(firstByte, inputs))
            : run(firstByte, inputs);
        },
      };
      return ok(session);
    },
  };
}
