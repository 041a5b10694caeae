import type { FlightContext } from "../../cache/single-flight.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { ServeFailure } from "../../model/failure.ts";
import { ok, type Result } from "../../model/result.ts";
import { type InferDeps, type Inference, type InferRequest, infer } from "../../predict/infer.ts";
import { inParallel } from "../in-parallel.ts";
import { referencesOf } from "./named-versions.ts";

/** What one model of a bundle answered. */
export interface BundleAnswer {
  readonly reference: string;
  readonly answer: Result<Inference, ServeFailure>;
}

/** Models asked at once: runs follow one another, loads may wait for the store. */
const PARALLEL_MODELS = 4;

/**
 * Asks every model of a bundle the same, each as by a request of its own; one failure touches no
 * other. Answers are in the bundle's order.
 */
export async function predictBundle(
  deps: InferDeps,
  context: FlightContext,
  bundle: Bundle,
  request: Omit<InferRequest, "reference">,
): Promise<readonly BundleAnswer[]> {
  const answers = await inParallel(
    referencesOf(bundle),
    async (reference) => ok(await infer(deps, context, { ...request, reference })),
    PARALLEL_MODELS,
  );
  if (!answers.ok) throw new Error("a failed model is an answer");
  return answers.value.map((answer, index) => ({
    reference: bundle.references[index] ?? "",
    answer,
  }));
}
