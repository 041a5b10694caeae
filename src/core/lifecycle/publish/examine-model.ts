import type { ModelCache } from "../../cache/model-cache.ts";
import type { Draft } from "../../model/manifest.ts";
import { inspectOnnx, type OnnxFacts } from "../../model/onnx/inspect.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Bytes, TensorSpec } from "../../model/tensor.ts";
import type { Engine, EngineSession } from "../../ports/engine.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkSample } from "./check-sample.ts";

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
 * Tries a file before it becomes a version: reads its structure, opens it in the engine, runs
 * the sample and compares, measures the memory. Releases the session. No I/O.
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
  if (!opened.ok) return opened;
  const session = opened.value;
  try {
    const sample = await checkSample(session, draft.sample);
    if (!sample.ok) return sample;
    const grown = deps.engine.memory().usedBytes - before;
    const peakMemoryBytes = Math.max(session.memoryBytes, grown);
    const { maxBytes } = deps.models;
    if (session.memoryBytes > maxBytes) return tooLarge(session.memoryBytes, maxBytes);
    const { inputs, outputs } = session;
    return ok({ facts: facts.value, inputs, outputs, peakMemoryBytes });
  } finally {
    await session.release();
  }
}

/** The engine may be full of models that are served: they make room, as they do for a load. */
async function openWithRoom(
  { engine, models }: ExamineDeps,
  bytes: Bytes,
): Promise<Result<EngineSession, RegistryFailure>> {
  const opened = await engine.open(bytes);
  if (opened.ok) return opened;
  const { reason, detail } = opened.failure;
  if (reason !== "out_of_memory") return fail({ reason, detail });
  models.makeRoom(models.maxBytes);
  const again = await engine.open(bytes);
  if (again.ok) return again;
  if (again.failure.reason !== "out_of_memory") {
    return fail({ reason: again.failure.reason, detail: again.failure.detail });
  }
  return fail({
    reason: "model_too_large",
    detail: `the file is ${bytes.byteLength} bytes and loading it needs more than the engine's ${engine.memory().limitBytes} bytes of memory`,
  });
}

const tooLarge = (memoryBytes: number, maxBytes: number): Result<never, RegistryFailure> =>
  fail({
    reason: "model_too_large",
    detail: `its session takes ${memoryBytes} bytes of memory; the budget is ${maxBytes} (MODEL_CACHE_MAX_BYTES)`,
  });
