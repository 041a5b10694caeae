import type { PredictionCache } from "../cache/prediction-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { Deployment } from "../model/deployment.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import type { Result } from "../model/result.ts";
import { compute } from "./compute.ts";
import { inferCached } from "./infer-cached.ts";
import type { InferDeps, Inference, InferRequest } from "./inference.ts";

export type { InferDeps, Inference, InferRequest } from "./inference.ts";

/**
 * Answers one request: reference → version → kept answer, or session → run. Row-major tensors in
 * and out. Failures are values; a run that fails leaves session and isolate usable. A kept answer
 * is there at once, not a promise.
 */
export function infer(
  deps: InferDeps,
  context: FlightContext,
  request: InferRequest,
): MaybePromise<Result<Inference, ServeFailure>> {
  const startedMs = context.clock.now();
  const { predictions } = deps;
  if (predictions === undefined) return compute(deps, context, request, startedMs);
  const { model, selector } = request.reference;
  const deployment = predictions.deploymentOf(model);
  if (deployment !== undefined) {
    return byPolicy(deps, predictions, deployment, context, request, startedMs);
  }
  if (selector.kind === "alias") return meet(deps, predictions, context, request, startedMs);
  // Whether its predictions may be kept is not known before the deployment: the next request's matter.
  context.background.keep(deps.finder.find(context, model).catch(() => undefined));
  return compute(deps, context, request, startedMs);
}

/** A model that is off the cache pays for nothing of it. */
function byPolicy(
  deps: InferDeps,
  predictions: PredictionCache,
  deployment: Deployment,
  context: FlightContext,
  request: InferRequest,
  startedMs: number,
): MaybePromise<Result<Inference, ServeFailure>> {
  const policy = predictions.policyOf(deployment);
  const strategy = deployment.strategies?.premium;
  return policy === undefined
    ? compute(deps, context, request, startedMs)
    : inferCached({
        deps,
        caching: { predictions, policy, strategy },
        context,
        request,
        startedMs,
      });
}

/** The first request for a model in this isolate. */
async function meet(
  deps: InferDeps,
  predictions: PredictionCache,
  context: FlightContext,
  request: InferRequest,
  startedMs: number,
): Promise<Result<Inference, ServeFailure>> {
  const found = await deps.finder.find(context, request.reference.model);
  if (!found.ok) return found;
  return byPolicy(deps, predictions, found.value.deployment, context, request, startedMs);
}
