import { z } from "@hono/zod-openapi";
import { routeSchema } from "../../core/model/deployment.ts";
import { draftSchema } from "../../core/model/manifest.ts";
import { isAlias, isVersion } from "../../core/model/reference.ts";
import { modelParams } from "../openapi/schemas.ts";

/** Request bodies of the registry's routes; what a field is missing, its default is. */

const alias = z
  .string()
  .refine(isAlias, "not an alias: a lower-case letter, then up to 31 of a-z, 0-9, '_', '-'");

const version = z.string().refine(isVersion, "not a version: a whole number from 1, as a string");

const reason = z.string().max(1000).optional();

const force = z.boolean().default(false);

export const setAliasSchema = z
  .union(
    [
      z.object({ version, reason, force }).strict(),
      z.object({ ...routeSchema.shape, reason, force }).strict(),
    ],
    "must be {version} or {weights, shadow?}, with reason and force if you like",
  )
  .openapi("SetAlias", { example: { version: "2", reason: "better on the hold-out" } });

export const promoteSchema = z
  .object({
    from: alias.default("staging"),
    to: alias.default("production"),
    reason,
    force,
  })
  .strict()
  .openapi("Promote");

export const rollBackSchema = z
  .object({ alias: alias.default("production"), to: version.optional(), reason })
  .strict()
  .openapi("RollBack");

export const annotateSchema = z
  .object({
    tags: z.record(z.string().min(1).max(128), z.string().max(1024).nullable()).optional(),
    description: z.string().max(10_000).nullable().optional(),
    /** Why nobody should begin to use it; `null` takes it back. */
    deprecated: z.string().max(1000).nullable().optional(),
  })
  .strict()
  .openapi("Annotate", { example: { tags: { team: "fraud" }, deprecated: "use version 3" } });

export const pruneSchema = z
  .object({
    keep_last: z.number().int().min(1).default(5),
    keep_days: z.number().min(0).optional(),
    dry_run: z.boolean().default(true),
    reason,
  })
  .strict()
  .openapi("Prune");

export const replaceSchema = z
  .looseObject({ aliases: z.record(alias, routeSchema), reason, force })
  .openapi("ReplaceDeployment", {
    example: { aliases: { production: { weights: { "1": 90, "2": 10 } } } },
  });

export const publishFormSchema = z
  .object({
    model: z.any().openapi({ type: "string", format: "binary" }),
    manifest: draftSchema.optional(),
  })
  .openapi("PublishForm");

export const anyObject = z.record(z.string(), z.unknown());

export const aliasParams = modelParams.extend({
  alias: z.string().openapi({ description: "Alias name.", example: "production" }),
});

export const pageQuery = z.object({
  limit: z.string().optional().openapi({ description: "Items a page.", example: "20" }),
  cursor: z.string().optional().openapi({ description: "`next_cursor` of the page before." }),
});
