import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Tensor, TensorSpec } from "../../core/model/tensor.ts";
import type { EngineSession, RunFailure } from "../../core/ports/engine.ts";
import type { GuardedOrt } from "./guarded-ort.ts";
import { type NativeSession, releaseNative } from "./native-session.ts";
import { toRunFailure } from "./run-failure.ts";
import { runOnce } from "./run-once.ts";

/**
 * A session whose runs are synchronous. Those of onnxruntime-web's own front end yield
 * half-way; when they overlap they share one wasm stack, and answers mix, the engine
 * crashes or the isolate hangs. So `release` can never meet a run in progress either.
 */
export class OrtSession implements EngineSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly memoryBytes: number;
  readonly #engine: GuardedOrt;
  #native: NativeSession | undefined;

  constructor(
    engine: GuardedOrt,
    native: NativeSession,
    facts: Pick<EngineSession, "inputs" | "outputs" | "memoryBytes">,
  ) {
    this.#engine = engine;
    this.#native = native;
    this.inputs = facts.inputs;
    this.outputs = facts.outputs;
    this.memoryBytes = facts.memoryBytes;
  }

  run(
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): Result<readonly Tensor[], RunFailure> {
    const native = this.#native;
    // By now the engine may have given the handle to another session.
    if (native === undefined) throw new Error("run of a session that was released");
    if (inputs.length !== this.inputs.length || outputs.length > this.outputs.length) {
      throw new Error("run with more or fewer tensors than the session has");
    }
    try {
      return ok(this.#engine.enter((ort) => runOnce(ort, native, inputs, outputs)));
    } catch (error) {
      return fail(toRunFailure(error));
    }
  }

  /** Idempotent. */
  async release(): Promise<void> {
    const native = this.#native;
    if (native === undefined) return;
    this.#native = undefined;
    // What a crashed engine held is gone with it.
    if (!this.#engine.isBroken) this.#engine.enter((ort) => releaseNative(ort, native));
  }
}
