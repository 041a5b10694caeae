import type { CachedPrediction, Landing } from "../cache/cached-prediction.ts";
import type { KnownVersion } from "../cache/prediction-cache.ts";
import type { FlightContext, Landed } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import { andThen, type MaybePromise } from "../model/maybe-promise.ts";
import type { Reference } from "../model/reference.ts";
import { ok, type Result } from "../model/result.ts";
import type { Resolved } from "../routing/resolve.ts";
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
  CacheWish,
  Caching,
  InferDeps,
  Inference,
  InferRequest,
  Story,
} from "./inference.ts";
import { land, landAnew, redisFor, renew } from "./land-prediction.ts";
import { seek } from "./seek.ts";

type Answer = Result<Inference, ServeFailure>;

/** One request on its way to a `Story`. */
interface Asked {
  readonly deps: InferDeps;
  readonly caching: Caching;
  readonly context: FlightContext;
  readonly request: InferRequest;
  readonly startedMs: number;
}

/**
 * Answers a request of a model whose predictions are kept. What is fresh is answered as it is, at
 * once, without session or engine; what is stale as well, while one run in the background renews it.
 */
export function inferCached(asked: Asked): MaybePromise<Answer> {
  const { deps, context, request } = asked;
  const { reference, stickiness } = request;
  const resolved =
    resolveKnown(deps, context, reference, stickiness) ??
    resolve(deps, context, reference, stickiness);
  return andThen(resolved, (found) => (found.ok ? askVersion(asked, found.value) : found));
}

function askVersion(asked: Asked, { version, route }: Resolved): MaybePromise<Answer> {
  const { deps, caching, context, request } = asked;
  const { model } = request.reference;
  const wish = request.cacheWish?.() ?? "any";
  if (wish === "no-store") return unstored(asked, pinned(model, version), route);
  const known = caching.predictions.knownVersion(model, version);
  const meeting: MaybePromise<Result<Met, ServeFailure>> =
    known === undefined
      ? meet(deps, caching, context, pinned(model, version), request)
      : ok({ version: known, modelCache: undefined });
  return andThen(meeting, (met) => (met.ok ? askMet(asked, met.value, route, wish) : met));
}

const pinned = (model: string, version: string): Reference => ({
  model,
  selector: { kind: "version", version },
});

async function unstored(asked: Asked, reference: Reference, route: string): Promise<Answer> {
  const { deps, context, request, startedMs } = asked;
  const answered = await compute(deps, context, { ...request, reference }, startedMs);
  return answered.ok ? ok({ ...answered.value, route, cached: UNSTORED }) : answered;
}

function askMet(asked: Asked, met: Met, route: string, wish: CacheWish): MaybePromise<Answer> {
  const { deps, caching, context, request, startedMs } = asked;
  const sought = seek(met.version, request);
  if (!sought.ok) return sought;
  const page = deps.statistics.page(met.version.model, met.version.version);
  return andThen(caching.predictions.keyOf(sought.value.parts), (key) => {
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
    return wish === "no-cache"
      ? anew(story, met.modelCache)
      : tell(story, met.modelCache, request.reference);
  });
}

/** With the better answer beside it, where there is one. A fixed version is asked for its own. */
function tell(
  story: Story,
  metBy: ModelCacheOutcome | undefined,
  { selector }: Reference,
): MaybePromise<Answer> {
  const { deps, caching } = story;
  const { premium } = deps;
  const { strategy } = caching;
  if (strategy === undefined || premium === undefined || selector.kind === "version") {
    return fast(story, metBy);
  }
  return premium.answer(story, strategy, () => fast(story, metBy));
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

const missed = (story: Story, metBy: ModelCacheOutcome | undefined): MaybePromise<Answer> =>
  andThen(land(story), (landed) => answerLanded(story, landed, metBy));

function answerLanded(
  story: Story,
  { value: outcome, collapsed }: Landed<Result<Landing, ServeFailure>>,
  metBy: ModelCacheOutcome | undefined,
): Answer {
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
