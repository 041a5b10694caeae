import type { MaybePromise } from "../model/maybe-promise.ts";
import type { Result } from "../model/result.ts";
import type { Bytes, Tensor, TensorSpec } from "../model/tensor.ts";

/** Why a model could not be opened. The detail is for people and holds no path of the engine's build. */
export interface OpenFailure {
  /**
   * - `invalid_model`: the bytes are not a loadable ONNX graph.
   * - `unsupported_model`: a graph that the engine or Freshet does not take (operators, opset, external data, sequence outputs, unbounded loops).
   * - `out_of_memory`: it does not fit into the engine's memory as it now is.
   */
  readonly reason: "invalid_model" | "unsupported_model" | "out_of_memory";
  readonly detail: string;
  readonly cause?: unknown;
}

/** Why a run gave no outputs. */
export interface RunFailure {
  /**
   * - `rejected_input`: the graph cannot run on these values or dimensions. The session stays usable.
   * - `out_of_memory`: these inputs need more memory than the engine has. The session stays usable.
   * - `engine_crashed`: the engine crashed on this run: every session is gone, the next `open` starts it anew.
   * - `engine_lost`: it crashed on another run before: open the model again.
   */
  readonly reason: "rejected_input" | "out_of_memory" | "engine_crashed" | "engine_lost";
  readonly detail: string;
  readonly cause?: unknown;
}

/** One model in the engine. Release it only when no run is in progress: the engine does not check. */
export interface EngineSession {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Bytes this session keeps, measured while it was opened where that can be measured, estimated otherwise. */
  readonly memoryBytes: number;
  /**
   * Runs the graph once. An engine that computes in the isolate answers without a promise.
   * @param inputs one tensor for each of `inputs`, already checked against its spec
   * @param outputs names to compute, each one of `outputs`; never empty
   * @returns tensors in the order asked for; they own their data
   */
  run(
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): MaybePromise<Result<readonly Tensor[], RunFailure>>;
  release(): Promise<void>;
}

export interface Engine {
  /** Loads a model whose digest was verified. Does not keep `model`. */
  open(model: Bytes): Promise<Result<EngineSession, OpenFailure>>;
  /**
   * Starts anew with an empty memory: every session that is open answers `engine_lost` from
   * then on. For an engine whose memory is in pieces that nothing fits between.
   */
  restart(): Promise<void>;
  /** `usedBytes` never shrinks: released memory is used again. */
  memory(): { readonly usedBytes: number; readonly limitBytes: number };
}
