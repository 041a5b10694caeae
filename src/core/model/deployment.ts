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

/**
 * `models/{name}/deployment.json`: the one pointer document of a model, changed
 * only by compare-and-swap. Unknown fields are kept: a newer writer may have put them there.
 */
export const deploymentSchema = z.looseObject({
  model: z.string().refine(isModelName, "not a model name"),
  /** Raised by one with each change. */
  rev: z.number().int().min(0),
  aliases: z.record(
    z
      .string()
      .refine(isAlias, "not an alias: a lower-case letter, then up to 31 of a-z, 0-9, '_', '-'"),
    routeSchema,
  ),
});

export type Route = z.output<typeof routeSchema>;
export type Deployment = z.output<typeof deploymentSchema>;
