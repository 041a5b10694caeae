import { readEpoch } from "../core/lifecycle/freshness/announce.ts";
import type { JobStore } from "../core/ports/job-store.ts";
import type { Premium } from "../core/predict/inference.ts";
import type { PremiumDesk } from "../core/predict/premium/premium-desk.ts";
import type { PremiumDeskDeps, PremiumSettings } from "../core/predict/premium/premium-task.ts";
import type { Adapters } from "./adapters.ts";
import type { ServingCore } from "./serving-core.ts";

/** The isolate's desk for premium answers, loaded when a deployment first names a strategy. */
export interface LazyPremium extends Premium {
  desk(): Promise<PremiumDesk>;
  /** How often each step was taken in this isolate; `null` before the first. */
  counts(): Readonly<Record<string, number>> | null;
}

/** The better answers of this isolate, computed by its own models or by remote ones. */
export function createPremium(
  { remote, sharedCache, clock, digest, events, newId, random }: Adapters,
  { serve }: ServingCore,
  jobs: JobStore | undefined,
  settings: PremiumSettings,
): LazyPremium {
  return createLazyPremium(() => ({
    serve,
    predictions: serve.predictions,
    remote,
    jobs,
    clock,
    digest,
    events,
    newId,
    random,
    epoch: (deadlineMs) => readEpoch(sharedCache, deadlineMs),
    settings,
  }));
}

/** Most isolates serve no premium answers: a cold start does not wait for what they take. */
function createLazyPremium(depsOf: () => Omit<PremiumDeskDeps, "counts">): LazyPremium {
  let made: PremiumDesk | undefined;
  const counts: PremiumDeskDeps["counts"] = new Map();
  const desk = async (): Promise<PremiumDesk> => {
    const { PremiumDesk: Desk } = await import("../core/predict/premium/premium-desk.ts");
    // One for the isolate: it knows what is under way.
    made ??= new Desk({ ...depsOf(), counts });
    return made;
  };
  return {
    desk,
    counts: () => (made === undefined ? null : Object.fromEntries(counts)),
    kept: (key, strategy) => made?.kept(key, strategy),
    async answer(story, strategy, fast) {
      return (made ?? (await desk())).answer(story, strategy, fast);
    },
  };
}
