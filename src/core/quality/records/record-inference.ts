import type { FlightContext } from "../../cache/single-flight.ts";
import { computedVersion } from "../../model/computed-version.ts";
import type { Deployment } from "../../model/deployment.ts";
import type { ServeFailure } from "../../model/failure.ts";
import type { Result } from "../../model/result.ts";
import type { Tensor, TensorSpec } from "../../model/tensor.ts";
import type { Inference, InferRequest } from "../../predict/inference.ts";
import type { PredictionRecorder } from "../record-predictions.ts";
import type { GivenAnswer, GivenInputs } from "./make-record.ts";
import { isRecorded, recordPolicyOf } from "./record-policy.ts";

/** What a request of tensors was answered, and with what. */
export interface InferenceToRecord {
  readonly id: string;
  readonly atMs: number;
  /** That was asked: a premium answer is another model's, and counts among this one's. */
  readonly model: string;
  readonly inference: Inference;
  readonly inputs: InferRequest["inputs"];
  readonly deployment: Deployment | undefined;
  readonly random: () => number;
}

/**
 * Records a prediction of tensors, where the deployment wants it. At a rate of 0, as it is unless
 * a deployment says otherwise, it costs one look at the deployment. A request of several rows is
 * one record, without an output: its rows have no ids.
 */
export function recordInference(
  recorder: PredictionRecorder,
  context: FlightContext,
  { id, atMs, model, inference, inputs, deployment, random }: InferenceToRecord,
): void {
  const policy = recordPolicyOf(deployment, "tensors");
  if (policy === undefined || !isRecorded(policy, random)) return;
  const { loaded, route, strategy, cached } = inference;
  const { digest, manifest } = loaded;
  recorder.record(context, [
    {
      id,
      atMs,
      model,
      version: computedVersion(model, loaded),
      digest,
      route,
      strategy,
      tier: cached?.tier ?? "none",
      policy,
      inputs: () => givenInputs(inputs, manifest.inputs ?? []),
      answer: () => givenAnswer(inference),
      sizeBytes: sizeOf(inputs) + sizeOf(inference.outputs),
    },
  ]);
}

/** Bytes of a raw body are the caller's own: made into tensors once more, as the run did. */
function givenInputs(inputs: InferRequest["inputs"], specs: readonly TensorSpec[]): GivenInputs {
  if (typeof inputs !== "function") return { tensors: inputs };
  const made: Result<readonly Tensor[], ServeFailure> = inputs(specs);
  return { tensors: made.ok ? made.value : [] };
}

async function givenAnswer({ loaded, outputs }: Inference): Promise<GivenAnswer> {
  const rows = outputs[0]?.shape[0] ?? 1;
  if (rows !== 1) return { rows };
  // Tensors are answered without it.
  const { planAnswer, readAnswer } = await import("../../predict/rows/read-answer.ts");
  return readAnswer(planAnswer(loaded.manifest, outputs), outputs);
}

/** Held until it is written: 1 KiB for what is around, and the data. */
function sizeOf(tensors: InferRequest["inputs"]): number {
  if (typeof tensors === "function") return RAW_BYTES;
  return tensors.reduce((sum, { data }) => sum + dataBytes(data), 512);
}

/** A raw body's size is not told here; most are images. */
const RAW_BYTES = 64 * 1024;

const dataBytes = (data: Tensor["data"]): number =>
  "byteLength" in data ? data.byteLength : data.reduce((sum, text) => sum + 2 * text.length, 0);
