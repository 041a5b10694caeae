import type { ModelCache } from "../../cache/model-cache.ts";
import type { Draft } from "../../model/manifest-draft.ts";
import { inspectOnnx, type OnnxFacts } from "../../model/onnx/inspect.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Bytes, TensorSpec } from "../../model/tensor.ts";
import type { Engine, OpenFailure } from "../../ports/engine.ts";
import { openWithRoom, type TooLarge } from "../open-with-room.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkSample } from "./check-sample.ts";
import { checkTold } from "./check-told.ts";
import { runOneRow } from "./run-one-row.ts";

export interface ExamineDeps {
  readonly engine: Engine;
  readonly models: ModelCache;
}

/** What was found out about a file by loading and running it. */
export interface Examined {
  readonly facts: OnnxFacts;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Engine memory that the model takes: what its session keeps, or by how much loading and running grew it. */
  readonly peakMemoryBytes: number;
}

/**
 * Tries a file before it becomes a version: reads its structure, opens it in the engine, holds what
 * is said of it against what it takes and gives, runs the sample and compares, measures the memory. Releases the session. No I/O.
 */
export async function examineModel(
  deps: ExamineDeps,
  bytes: Bytes,
  draft: Draft,
): Promise<Result<Examined, RegistryFailure>> {
  const facts = inspectOnnx(bytes);
  if (!facts.ok) return facts;
  const before = deps.engine.memory().usedBytes;
  const opened = await openWithRoom(deps, bytes);
  if (!opened.ok) return fail({ ...opened.failure, reason: asRegistry(opened.failure.reason) });
  const session = opened.value;
  try {
    const told = checkTold(draft, session.inputs, session.outputs);
    if (!told.ok) return told;
    const sample = await checkSample(session, draft.sample);
    if (!sample.ok) return sample;
    const row = await runOneRow(session);
    if (!row.ok) return row;
    const grown = deps.engine.memory().usedBytes - before;
    const peakMemoryBytes = Math.max(session.memoryBytes, grown);
    const { maxBytes } = deps.models;
    if (peakMemoryBytes > maxBytes) return tooLarge(peakMemoryBytes, maxBytes);
    const { inputs, outputs } = session;
    return ok({ facts: facts.value, inputs, outputs, peakMemoryBytes });
  } finally {
    await session.release();
  }
}

// Nothing else is there to be in the way any more.
const asRegistry = (reason: (OpenFailure | TooLarge)["reason"]) =>
  reason === "out_of_memory" ? "model_too_large" : reason;

const tooLarge = (memoryBytes: number, maxBytes: number): Result<never, RegistryFailure> =>
  fail({
    reason: "model_too_large",
    detail: `loading it and running it takes ${memoryBytes} bytes of memory; the budget is ${maxBytes} (MODEL_CACHE_MAX_BYTES)`,
  });
