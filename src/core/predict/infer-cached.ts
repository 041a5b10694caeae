import type { KnownVersion } from "../cache/known-versions.ts";
import type { FlightContext } from "../cache/single-flight.ts";
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
import { compute } from "./compute.ts";
import { anew, fast, UNSTORED } from "./fast-answer.ts";
import type {
  CacheMiss,
  CacheWish,
  Caching,
  InferDeps,
  Inference,
  InferRequest,
  Story,
} from "./inference.ts";
import { isWanted, keptWishOf } from "./kept-wish.ts";
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
  const known = caching.predictions.versions.find(model, version);
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
  const { deps, caching, context, request, startedMs } = asked;
  const answered = await compute(deps, context, { ...request, reference }, startedMs);
  if (!answered.ok) return answered;
  const cached: CacheMiss = { ...UNSTORED, isolate: caching.policy.isolate };
  return ok({ ...answered.value, route, cached });
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
      wanted: keptWishOf(wish),
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
  const { deps, caching, context, wanted } = story;
  const { premium } = deps;
  const { strategy } = caching;
  if (strategy === undefined || premium === undefined || selector.kind === "version") {
    return fast(story, metBy);
  }
  const answering = premium.answer(story, strategy, () => fast(story, metBy));
  if (wanted === undefined) return answering;
  return answering.then((answer) => {
    const cached = answer.ok ? answer.value.cached : undefined;
    if (cached === undefined || cached.tier === "none") return answer;
    return isWanted(wanted, cached.prediction, context.clock.now()) ? answer : anew(story, metBy);
  });
}

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
  return ok({ version: predictions.versions.learn(loaded), modelCache });
}
