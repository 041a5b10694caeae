import type { LoadedVersion } from "../../cache/model-cache.ts";
import type { PredictionPolicy } from "../../cache/prediction-policy.ts";
import type { FlightContext } from "../../cache/single-flight.ts";
import type { ServeFailure } from "../../model/failure.ts";
import type { Reference } from "../../model/reference.ts";
import { ok, type Result } from "../../model/result.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import type { TensorSpec } from "../../model/tensor.ts";
import type { AskStickiness } from "../../routing/resolve.ts";
import {
  acquireVersion,
  type ModelCacheOutcome,
  readyVersion,
  resolve,
  resolveKnown,
} from "../acquire.ts";
import type { AnsweringVersion, CacheWish, InferDeps } from "../inference.ts";
import { type AnswerPlan, planAnswer } from "./read-answer.ts";
import type { RowsFailure } from "./row-error.ts";
import { planRows, type RowPlan } from "./row-plan.ts";

export interface RowsRequest {
  readonly reference: Reference;
  /** Asked once: all rows of a request are answered by one version. */
  readonly stickiness: AskStickiness;
  /** As it is logged. */
  readonly requestId?: string;
  /** Where its answers are appended, as a premium job tells it. */
  readonly conversationId?: string | undefined;
  readonly cacheWish: CacheWish;
  /** Whether what is computed is kept as well; what is kept already is answered either way. */
  readonly keeps: boolean;
}

/** A version's own words of what goes in and comes out. */
export type RowsVersion = AnsweringVersion & {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
};

/** One version, ready to be asked for rows, a batch at a time. */
export interface OpenRows {
  readonly request: RowsRequest;
  readonly version: RowsVersion;
  readonly route: string;
  readonly rows: RowPlan;
  readonly answers: AnswerPlan;
  /** `undefined`: neither looked for nor kept. */
  readonly policy: PredictionPolicy | undefined;
  /** What may have answered better before; `undefined` where there is none, or a version was asked. */
  readonly strategy: PremiumStrategy | undefined;
  /** How the session was come by; `unused` when the version was known without it. */
  readonly modelCache: ModelCacheOutcome;
  /** What the request, or the whole stream, has cost so far; counted by `runRows`. */
  readonly toll: { engineCrashes: number };
}

/**
 * Chooses the version that answers all rows of a request and tells how its rows look. Costs a
 * load when this isolate has not met the version yet, else nothing.
 */
export async function openRows(
  deps: InferDeps,
  context: FlightContext,
  request: RowsRequest,
): Promise<Result<OpenRows, RowsFailure>> {
  const { reference, stickiness } = request;
  const resolved =
    resolveKnown(deps, context, reference, stickiness) ??
    (await resolve(deps, context, reference, stickiness));
  if (!resolved.ok) return resolved;
  const { version, route } = resolved.value;
  const met = await meet(deps, context, reference.model, version, stickiness);
  if (!met.ok) return met;
  const { version: facts, modelCache } = met.value;
  const rows = planRows(facts.manifest, facts.inputs);
  if (!rows.ok) return rows;
  return ok({
    request,
    version: facts,
    route,
    rows: rows.value,
    answers: planAnswer(facts.manifest, facts.outputs),
    ...howKept(deps, context, request),
    modelCache,
    toll: { engineCrashes: 0 },
  });
}

/** A version as a reference of its own, whatever its alias says by then. */
export const pinnedTo = (model: string, version: string): Reference => ({
  model,
  selector: { kind: "version", version },
});

interface Met {
  readonly version: RowsVersion;
  readonly modelCache: ModelCacheOutcome;
}

async function meet(
  deps: InferDeps,
  context: FlightContext,
  model: string,
  version: string,
  stickiness: AskStickiness,
): Promise<Result<Met, ServeFailure>> {
  const known = deps.predictions?.versions.find(model, version);
  if (known !== undefined) return ok({ version: known, modelCache: "unused" });
  const pinned = pinnedTo(model, version);
  const acquired =
    readyVersion(deps, context, pinned, stickiness) ??
    (await acquireVersion(deps, context, pinned, stickiness));
  if (!acquired.ok) return acquired;
  const { loaded, modelCache } = acquired.value;
  return ok({ version: deps.predictions?.versions.learn(loaded) ?? factsOf(loaded), modelCache });
}

const factsOf = ({ session, ...loaded }: LoadedVersion): RowsVersion => ({
  ...loaded,
  inputs: session.inputs,
  outputs: session.outputs,
});

function howKept(
  { predictions, finder }: InferDeps,
  context: FlightContext,
  { reference: { model, selector }, cacheWish }: RowsRequest,
): Pick<OpenRows, "policy" | "strategy"> {
  if (predictions === undefined || cacheWish === "no-store") return NOT_KEPT;
  const deployment = predictions.deploymentOf(model);
  if (deployment !== undefined) {
    const strategy = selector.kind === "alias" ? deployment.strategies?.premium : undefined;
    return { policy: predictions.policyOf(deployment), strategy };
  }
  // Whether its predictions may be kept is not known before the deployment: the next request's matter.
  if (selector.kind === "version") {
    context.background.keep(finder.find(context, model).catch(() => undefined));
  }
  return NOT_KEPT;
}

const NOT_KEPT = { policy: undefined, strategy: undefined };
