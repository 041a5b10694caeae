import type { HttpDeps, HttpSettings } from "../http/deps.ts";
import type { Parts } from "./parts.ts";

/** What the doors need. */
export function httpDepsOf(parts: Parts, settings: HttpSettings): HttpDeps {
  const { adapters, engine, core, stores, backup, bundles, cron } = parts;
  const { store, uploads, digest, remote, sharedCache, clock, events, newId, random } = adapters;
  return {
    serve: servingDepsOf(parts),
    registry: registryDepsOf(parts),
    backup,
    bundles,
    cron,
    store,
    remote,
    uploads,
    digest,
    sharedCache,
    ...stores,
    feed: core.feed,
    tiers: tiersOf(parts),
    engine,
    clock,
    events,
    settings,
    newId,
    random,
  };
}

const servingDepsOf = ({ adapters, core, objects, premium }: Parts): HttpDeps["serve"] => ({
  ...core.serve,
  joining: core.joining,
  objects,
  bytesCache: adapters.bytesCache,
  premium,
});

function registryDepsOf({ adapters, engine, core }: Parts): HttpDeps["registry"] {
  const { store, clock, random, newId, signatures } = adapters;
  return { store, engine, models: core.serve.models, clock, random, newId, signatures };
}

function tiersOf({ adapters, core, premium }: Parts): HttpDeps["tiers"] {
  const { predictions } = core.serve;
  return {
    predictions: () => predictions.stats().isolate,
    redis: () => predictions.stats().redis ?? null,
    bytes: () => adapters.bytesCache?.counts() ?? null,
    premium: () => premium.counts(),
  };
}
