import { ModelCache } from "../../core/cache/model-cache.ts";
import { maxFileBytes } from "../../core/lifecycle/fetch-version.ts";
import { examineModel } from "../../core/lifecycle/publish/examine-model.ts";
import type { Draft } from "../../core/model/manifest-draft.ts";
import { inspectOnnx, type OnnxFacts } from "../../core/model/onnx/inspect.ts";
import type { Bytes, TensorSpec } from "../../core/model/tensor.ts";
import type { Engine } from "../../core/ports/engine.ts";
import { measureRun } from "./measure-run.ts";

/** What was found out about a file; what a refusal kept from being known is missing. */
export interface CheckReport {
  readonly ok: boolean;
  /** Why it would be refused. */
  readonly refusal?: { readonly code: string; readonly detail: string };
  readonly sizeBytes: number;
  readonly maxFileBytes: number;
  readonly budgetBytes: number;
  readonly facts?: OnnxFacts;
  readonly inputs?: readonly TensorSpec[];
  readonly outputs?: readonly TensorSpec[];
  readonly memoryBytes?: number;
  readonly loadMs?: number;
  /** Median of one row of zeros; missing where zeros cannot be run. */
  readonly runMs?: number;
  readonly hasSample: boolean;
}

/**
 * Does with a file what a publish would do, in this process: reads its structure, opens it in
 * the engine, runs the sample and compares, measures. Uploads nothing.
 */
export async function checkFile(
  engine: Engine,
  bytes: Bytes,
  draft: Draft,
  budgetBytes: number,
): Promise<CheckReport> {
  const mostBytes = maxFileBytes({ engine });
  const facts = inspectOnnx(bytes);
  const base = {
    sizeBytes: bytes.byteLength,
    maxFileBytes: mostBytes,
    budgetBytes,
    hasSample: draft.sample !== undefined,
    ...(facts.ok ? { facts: facts.value } : {}),
  };
  if (bytes.byteLength === 0) return refuse(base, "invalid_request", "the file is empty");
  if (bytes.byteLength > mostBytes) {
    return refuse(
      base,
      "model_too_large",
      `the file is ${bytes.byteLength} bytes; ${mostBytes} is the most whose loading fits into an isolate's engine`,
    );
  }
  const timed = timeOpening(engine);
  const models = new ModelCache({ maxBytes: budgetBytes, onRelease: () => undefined });
  const examined = await examineModel({ engine: timed.engine, models }, bytes, draft);
  if (!examined.ok) return refuse(base, examined.failure.reason, examined.failure.detail);
  const { inputs, outputs, peakMemoryBytes } = examined.value;
  const runMs = await measureRun(engine, bytes);
  return {
    ...base,
    ok: true,
    inputs,
    outputs,
    memoryBytes: peakMemoryBytes,
    loadMs: timed.loadMs(),
    ...(runMs === undefined ? {} : { runMs }),
  };
}

const refuse = (
  base: Omit<CheckReport, "ok" | "refusal">,
  code: string,
  detail: string,
): CheckReport => ({ ...base, ok: false, refusal: { code, detail } });

function timeOpening(engine: Engine) {
  let tookMs = 0;
  const timed: Engine = {
    async open(model) {
      const startedMs = performance.now();
      const opened = await engine.open(model);
      tookMs = performance.now() - startedMs;
      return opened;
    },
    restart: () => engine.restart(),
    memory: () => engine.memory(),
  };
  return { engine: timed, loadMs: () => tookMs };
}
