import type { CachedPrediction, Landing } from "../cache/cached-prediction.ts";
import type { KnownVersion } from "../cache/prediction-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import type { Reference } from "../model/reference.ts";
import { ok, type Result } from "../model/result.ts";
import {
  acquireVersion,
  type ModelCacheOutcome,
  readyVersion,
  resolve,
  resolveKnown,
} from "./acquire.ts";
import { hit } from "./answer-kept.ts";
import { compute } from "./compute.ts";
import type {
  CacheHit,
  CacheMiss,
  Caching,
  InferDeps,
  Inference,
  InferRequest,
  Story,
} from "./inference.ts";
import { land, landAnew, redisFor, renew } from "./land-prediction.ts";
import { seek } from "./seek.ts";

type Answer = Result<Inference, ServeFailure>;

/**
 * Answers a request of a model whose predictions are kept. What is fresh is answered as it is,
 * without session or engine; what is stale as well, while one run in the background renews it.
 */
export async function inferCached(
  deps: InferDeps,
  caching: Caching,
  context: FlightContext,
  request: InferRequest,
  startedMs: number,
): Promise<Answer> {
  const { reference, stickiness } = request;
  const resolved =
    resolveKnown(deps, context, reference, stickiness) ??
    (await resolve(deps, context, reference, stickiness));
  if (!resolved.ok) return resolved;
  const { version, route } = resolved.value;
  const pinned: Reference = { model: reference.model, selector: { kind: "version", version } };
  const wish = request.cacheWish?.() ?? "any";
  if (wish === "no-store") {
    const answered = await compute(deps, context, { ...request, reference: pinned }, startedMs);
    return answered.ok ? ok({ ...answered.value, route, cached: UNSTORED }) : answered;
  }
  const known = caching.predictions.knownVersion(reference.model, version);
  const met: Result<Met, ServeFailure> =
    known === undefined
      ? await meet(deps, caching, context, pinned, request)
      : ok({ version: known, modelCache: undefined });
  if (!met.ok) return met;
  const sought = seek(met.value.version, request);
  if (!sought.ok) return sought;
  const keyed = caching.predictions.keyOf(sought.value.parts);
  const key = typeof keyed === "string" ? keyed : await keyed;
  const page = deps.statistics.page(met.value.version.model, version);
  const story: Story = {
    deps,
    caching,
    context,
    sought: sought.value,
    key,
    route,
    page,
    startedMs,
    requestId: request.requestId ?? "",
    conversationId: request.conversationId,
  };
  if (wish === "no-cache") return anew(story, met.value.modelCache);
  const answerFast = () => fast(story, met.value.modelCache);
  // A fixed version is asked for its own answer.
  if (caching.strategy === undefined || reference.selector.kind === "version") return answerFast();
  return deps.premium === undefined
    ? answerFast()
    : deps.premium.answer(story, caching.strategy, answerFast);
}

const UNSTORED: CacheMiss = {
  tier: "none",
  why: "request",
  collapsed: false,
  stored: false,
  redis: false,
};

interface Met {
  readonly version: KnownVersion;
  /** `undefined`: it was known, the session was not asked for. */
  readonly modelCache: ModelCacheOutcome | undefined;
}

/** A version that this isolate has not had yet is loaded: only its session tells its inputs. */
async function meet(
  deps: InferDeps,
  { predictions }: Caching,
  context: FlightContext,
  reference: Reference,
  { stickiness }: InferRequest,
): Promise<Result<Met, ServeFailure>> {
  const acquired =
    readyVersion(deps, context, reference, stickiness) ??
    (await acquireVersion(deps, context, reference, stickiness));
  if (!acquired.ok) return acquired;
  const { loaded, modelCache } = acquired.value;
  return ok({ version: predictions.learn(loaded), modelCache });
}

/** The answer of the version itself: kept, or computed. */
function fast(story: Story, metBy: ModelCacheOutcome | undefined): MaybePromise<Answer> {
  const { caching, key, context } = story;
  const kept = caching.policy.isolate
    ? caching.predictions.get(key, context.clock.now())
    : undefined;
  return kept === undefined ? missed(story, metBy) : ok(fastHit(story, "isolate", kept, true));
}

function fastHit(
  story: Story,
  tier: CacheHit["tier"],
  prediction: CachedPrediction,
  stored: boolean,
): Inference {
  const inference = hit(story, tier, prediction, stored);
  if (inference.cached.ttlMs <= 0) renewLater(story, inference.cached.ageMs);
  return inference;
}

async function missed(story: Story, metBy: ModelCacheOutcome | undefined): Promise<Answer> {
  const landing = land(story);
  const { value: outcome, collapsed } = landing instanceof Promise ? await landing : landing;
  if (!outcome.ok) return outcome;
  const { tier, prediction, stored } = outcome.value;
  if (tier === "redis") return ok(fastHit(story, tier, prediction, stored));
  const redis = redisFor(story) !== undefined;
  const cached: CacheMiss = { tier, why: "miss", collapsed, stored, redis };
  return ok(computed(story, outcome.value, cached, metBy));
}

async function anew(story: Story, metBy: ModelCacheOutcome | undefined): Promise<Answer> {
  const outcome = await landAnew(story);
  if (!outcome.ok) return outcome;
  const { stored } = outcome.value;
  const cached: CacheMiss = { ...UNSTORED, stored };
  return ok(computed(story, outcome.value, cached, metBy));
}

function computed(
  { deps, context, sought, route, page, startedMs }: Story,
  { prediction, modelCache, acquireMs, runMs }: Landing,
  cached: CacheMiss,
  metBy: ModelCacheOutcome | undefined,
): Inference {
  const nowMs = context.clock.now();
  if (cached.why === "miss") deps.statistics.missed(page, nowMs - startedMs);
  // The run was counted as the leader's; this request was answered all the same.
  if (cached.collapsed) deps.statistics.joined(page, { totalMs: nowMs - startedMs, nowMs });
  return {
    loaded: sought.version,
    route,
    strategy: prediction.strategy,
    modelCache: metBy ?? modelCache,
    cached,
    outputs: prediction.outputs,
    acquireMs,
    runMs,
  };
}

function renewLater(story: Story, ageMs: number): void {
  const { deps, caching, context, sought, key } = story;
  if (!caching.predictions.claimRenewal(key, context.clock.now())) return;
  const { model, version } = sought.version;
  deps.events.emit({ kind: "prediction_stale", model, version, ageMs });
  context.background.keep(renewNow(story));
}

/** Never rejects: whoever was answered is gone. */
async function renewNow(story: Story): Promise<void> {
  const { deps, caching, context, sought, key } = story;
  const { model, version } = sought.version;
  const report = (reason: string, detail: string, cause?: unknown) =>
    deps.events.emit({ kind: "prediction_not_renewed", model, version, reason, detail, cause });
  let succeeded = false;
  try {
    // A run holds the isolate: the answer goes out first.
    await context.clock.after(0).done;
    const outcome = await renew(story);
    succeeded = outcome.ok;
    if (!outcome.ok) report(outcome.failure.reason, outcome.failure.detail, outcome.failure.cause);
  } catch (cause) {
    report("bug", String(cause), cause);
  }
  caching.predictions.endRenewal(key, succeeded);
}
