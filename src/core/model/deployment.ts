// The small form of zod: what every cold start loads.
import * as z from "zod/mini";
import { madeWhenNeeded } from "./made-when-needed.ts";
import { isAlias, isModelName, isVersion } from "./reference.ts";
import { premiumSchema } from "./strategies.ts";

const version = z
  .string()
  .check(z.refine(isVersion, "not a version: a whole number from 1, as a string"));

const revision = z.int().check(z.minimum(0));

/** Whole-number shares by version; they sum to 100. */
const weights = z
  .record(version, z.int().check(z.minimum(0), z.maximum(100)))
  .check(
    z.refine(
      (shares) => Object.values(shares).reduce((sum, share) => sum + share, 0) === 100,
      "weights do not sum to 100",
    ),
  );

/** What an alias resolves to: one or more versions, and optionally a shadow that is run but not answered from. */
export const routeSchema = z.object({ weights, shadow: z.optional(version) });

/** Where a route of an alias came from: the revision that set it, and the one that its alias held before. */
const hold = z.object({ rev: revision, previous: z.optional(revision) });

const aliasName = z
  .string()
  .check(
    z.refine(isAlias, "not an alias: a lower-case letter, then up to 31 of a-z, 0-9, '_', '-'"),
  );

/**
 * One move of a pointer: `models/{name}/history/{rev}.json`. It carries the routes as they
 * were afterwards, so that one entry answers who served what at its time.
 */
export const moveSchema = z.object({
  rev: revision,
  /** Tells two writers of the same change apart. */
  id: z.string(),
  /** Never before the previous move's, whatever the clocks say. */
  at: z.iso.datetime(),
  actor: z.string(),
  action: z.enum([
    "publish",
    "set",
    "promote",
    "rollback",
    "remove",
    "replace",
    "delete",
    "external",
  ]),
  /** Missing when the move is not of one alias. */
  alias: z.optional(aliasName),
  from: z._default(z.nullable(routeSchema), null),
  to: z._default(z.nullable(routeSchema), null),
  reason: z.optional(z.string()),
  /** Set where a check was overruled. */
  forced: z.optional(z.boolean()),
  /** The deleted version. */
  version: z.optional(version),
  aliases: z.record(aliasName, routeSchema),
  holds: z.record(aliasName, hold),
});

/** Up to a year. */
const milliseconds = () => z.int().check(z.minimum(0), z.maximum(366 * 24 * 3_600_000));

/** How answers of this model are cached; what is left out is decided by the settings of the Worker. */
export const cacheFields = () => ({
  /** Keep answers in the isolate. */
  isolate: z.optional(z.boolean()),
  /** Keep answers in Redis; left out, it is decided by what a run costs. */
  redis: z.optional(z.boolean()),
  /** How long an answer counts as fresh. */
  ttl_ms: z.optional(milliseconds()),
  /** For how long after that it may be answered while it is made anew. */
  stale_ms: z.optional(milliseconds()),
});

/** Overrides of the Worker's switches for one model: the same names in lower case. */
export const switchFields = () => ({
  use_cache: z.optional(z.boolean()),
  check_freshness: z.optional(z.boolean()),
  revalidate_ms: z.optional(milliseconds()),
  max_stale_ms: z.optional(milliseconds()),
  strict_freshness: z.optional(z.boolean()),
  force_reload: z.optional(z.boolean()),
});

/** Aliases and versions that the cron loads before anybody asks. */
export const warm = z.optional(
  z.array(z.union([version, aliasName], 'must be an alias, or a version as a string, such as "3"')),
);

/** What becomes a prediction record; left out: `/v1` predictions at rate 1, `/v2` at 0. */
export const recordFields = () => ({
  /** Share of predictions that are recorded, 0 to 1. */
  rate: z.optional(z.number().check(z.minimum(0), z.maximum(1))),
  /** How long a record can be read and given its outcome. */
  days: z.optional(z.int().check(z.minimum(1), z.maximum(3_650))),
  /** Keep the inputs themselves, not only their digest. */
  log_inputs: z.optional(z.boolean()),
});

/**
 * How single rows of concurrent requests are put into one run. Without a field it is off, as it is
 * where nothing is said: only for graphs whose rows do not depend on each other.
 */
export const batchingFields = () => ({
  /** Most rows of one run; left out: 64. */
  max_batch_size: z.optional(z.int().check(z.minimum(2), z.maximum(256))),
  /** From so many requests at a time on; below, each runs at once and alone; left out: 16. */
  min_concurrency: z.optional(z.int().check(z.minimum(2), z.maximum(1_000))),
});

// Most deployments set none of it.
const deploymentSettings = {
  cache: z.optional(madeWhenNeeded(() => z.looseObject(cacheFields()))),
  policy: z.optional(madeWhenNeeded(() => z.looseObject(switchFields()))),
  warm,
  strategies: z.optional(
    madeWhenNeeded(() => z.looseObject({ premium: z.optional(premiumSchema()) })),
  ),
  record: z.optional(madeWhenNeeded(() => z.looseObject(recordFields()))),
  batching: z.optional(madeWhenNeeded(() => z.looseObject(batchingFields()))),
};

/**
 * `models/{name}/deployment.json`: the one pointer document of a model, changed
 * only by compare-and-swap. Unknown fields are kept: a newer writer may have put them there.
 */
export const deploymentSchema = z.looseObject({
  model: z.string().check(z.refine(isModelName, "not a model name")),
  /** Raised by one with each change. */
  rev: revision,
  aliases: z.record(aliasName, routeSchema),
  /**
   * The move that made this revision. The pointer and its history entry are thereby one
   * write: whoever comes next writes down what a dead writer could not.
   */
  last_move: z.optional(moveSchema),
  /** Versions that are deleted: no move may name them again. */
  deleted: z.optional(z.array(version)),
  /** SHA-256 of versions as they were when an alias first named them: what they are from then on. */
  digests: z.optional(z.record(version, z.string())),
  /** Of the last moves that came with an `Idempotency-Key`: the key, what was asked for (both hashed), the revision it made. */
  recent_keys: z.optional(
    z.array(z.object({ key: z.string(), request: z.string(), rev: revision })),
  ),
  ...deploymentSettings,
});

export type Route = z.output<typeof routeSchema>;
export type Hold = z.output<typeof hold>;
export type Move = z.output<typeof moveSchema>;
export type Deployment = z.output<typeof deploymentSchema>;
export type DeploymentSettings = Partial<Pick<Deployment, keyof typeof deploymentSettings>>;
