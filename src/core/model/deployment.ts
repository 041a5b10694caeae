import { z } from "zod";
import { isAlias, isModelName, isVersion } from "./reference.ts";

const version = z.string().refine(isVersion, "not a version: a whole number from 1, as a string");

/** Whole-number shares by version; they sum to 100. */
const weights = z
  .record(version, z.number().int().min(0).max(100))
  .refine(
    (shares) => Object.values(shares).reduce((sum, share) => sum + share, 0) === 100,
    "weights do not sum to 100",
  );

/** What an alias resolves to: one or more versions, and optionally a shadow that is run but not answered from. */
export const routeSchema = z.object({ weights, shadow: version.optional() });

/** Where a route of an alias came from: the revision that set it, and the one that its alias held before. */
const hold = z.object({
  rev: z.number().int().min(0),
  previous: z.number().int().min(0).optional(),
});

const aliasName = z
  .string()
  .refine(isAlias, "not an alias: a lower-case letter, then up to 31 of a-z, 0-9, '_', '-'");

/**
 * One move of a pointer: `models/{name}/history/{rev}.json`. It carries the routes as they
 * were afterwards, so that one entry answers who served what at its time.
 */
export const moveSchema = z.object({
  rev: z.number().int().min(0),
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
  alias: aliasName.optional(),
  from: routeSchema.nullable().default(null),
  to: routeSchema.nullable().default(null),
  reason: z.string().optional(),
  /** Set where a check was overruled. */
  forced: z.boolean().optional(),
  /** The deleted version. */
  version: version.optional(),
  aliases: z.record(aliasName, routeSchema),
  holds: z.record(aliasName, hold),
});

/**
 * `models/{name}/deployment.json`: the one pointer document of a model, changed
 * only by compare-and-swap. Unknown fields are kept: a newer writer may have put them there.
 */
export const deploymentSchema = z.looseObject({
  model: z.string().refine(isModelName, "not a model name"),
  /** Raised by one with each change. */
  rev: z.number().int().min(0),
  aliases: z.record(aliasName, routeSchema),
  /**
   * The move that made this revision. The pointer and its history entry are thereby one
   * write: whoever comes next writes down what a dead writer could not.
   */
  last_move: moveSchema.optional(),
  /** Versions that are deleted: no move may name them again. */
  deleted: z.array(version).optional(),
});

export type Route = z.output<typeof routeSchema>;
export type Hold = z.output<typeof hold>;
export type Move = z.output<typeof moveSchema>;
export type Deployment = z.output<typeof deploymentSchema>;
