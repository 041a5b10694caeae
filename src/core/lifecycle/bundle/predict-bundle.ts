import type { FlightContext } from "../../cache/single-flight.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { ServeFailure } from "../../model/failure.ts";
import type { Result } from "../../model/result.ts";
import { type InferDeps, type Inference, type InferRequest, infer } from "../../predict/infer.ts";
import { eachReference } from "./each-reference.ts";

/** What one model of a bundle answered. */
export interface BundleAnswer {
  readonly reference: string;
  readonly answer: Result<Inference, ServeFailure>;
}

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
  const answers = await eachReference(bundle, async (reference) =>
    infer(deps, context, { ...request, reference }),
  );
  return answers.map(({ reference, outcome }) => ({ reference, answer: outcome }));
}
