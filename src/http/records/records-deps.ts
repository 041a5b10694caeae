import { readManifest } from "../../core/lifecycle/read-manifest.ts";
import { MAX_READ_BYTES } from "../../core/model/entity.ts";
import { ok } from "../../core/model/result.ts";
import type { PredictionStore } from "../../core/ports/prediction-store.ts";
import { ENTITY_DEADLINE_MS } from "../../core/quality/entities/entity-failure.ts";
import type { OutcomeDeps } from "../../core/quality/set-outcome.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { redisRequired } from "../redis-refusal.ts";
import { refuse } from "../refuse.ts";

/**
 * Hands a handler the store of records, with all of this isolate's in it, or refuses where there
 * is no Redis.
 */
export const withRecords =
  (
    { records, clock }: Pick<HttpDeps, "records" | "clock">,
    handler: (c: AppContext, predictions: PredictionStore) => Promise<Response>,
  ) =>
  async (c: AppContext): Promise<Response> => {
    if (records === undefined) {
      return refuse(c, redisRequired("prediction records, their outcomes and the accuracy"));
    }
    await records.recorder.settle(flightContext(c, clock));
    return handler(c, records.predictions);
  };

/** What outcomes are recorded with: the classes of each version are looked up once a request. */
export function outcomeDepsOf(
  { serve, store, clock, entities }: HttpDeps,
  predictions: PredictionStore,
): OutcomeDeps {
  const known = new Map<string, readonly string[]>();
  const finished = new Set<string>();
  return {
    predictions,
    clock,
    async classesOf(model, version) {
      const key = `${model}@${version}`;
      const found = known.get(key) ?? (await classesOf({ serve, store }, model, version));
      known.set(key, found);
      return found;
    },
    entityState:
      entities &&
      (async ({ type, id }) => {
        const key = `${type} ${id}`;
        // Many predictions are on one entity, and finished ones seldom open again.
        if (finished.has(key)) return ok("finished");
        const read = await entities.getMany(type, [id], ENTITY_DEADLINE_MS, MAX_READ_BYTES);
        if (!read.ok) return read;
        const state = read.value[0]?.state;
        if (state === "finished") finished.add(key);
        return ok(state);
      }),
  };
}

/**
 * Names of a version's classes, in their order. Of one that cannot be read there are none: its
 * predictions outlive it. No I/O where it is loaded, else one GET.
 */
export async function classesOf(
  { serve, store }: Pick<HttpDeps, "serve" | "store">,
  model: string,
  version: string,
): Promise<readonly string[]> {
  const loaded = serve.models.peek(model, version);
  if (loaded !== undefined) return loaded.manifest.classes;
  const read = await readManifest(store, model, version);
  return read.ok ? read.value.classes : [];
}
