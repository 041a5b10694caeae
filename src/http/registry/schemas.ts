import { z } from "@hono/zod-openapi";
import { routeSchema } from "../../core/model/deployment.ts";
import { deploymentSettingsDraft } from "../../core/model/deployment-draft.ts";
import { draftSchema } from "../../core/model/manifest-draft.ts";
import { isAlias, isVersion } from "../../core/model/reference.ts";
import { modelParams } from "../openapi/schemas.ts";

/** Request bodies of the registry's routes; what a field is missing, its default is. */

const alias = z
  .string()
  .refine(isAlias, "not an alias: a lower-case letter, then up to 31 of a-z, 0-9, '_', '-'");

const version = z.string().refine(isVersion, "not a version: a whole number from 1, as a string");

const reason = z.string().max(1000).optional();

const force = z.boolean().default(false);

export const setAliasSchema = z.union(
  [
    z.object({ version, reason, force }).strict(),
    z.object({ ...routeSchema.shape, reason, force }).strict(),
  ],
  "must be {version} or {weights, shadow?}, with reason and force if you like",
);

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

/** Of a document as it was read: taken, and not looked at. */
const own = z.unknown().optional();

export const replaceSchema = z.strictObject({
  /** All of them; left out, they stay as they are. */
  aliases: z.record(alias, routeSchema).optional(),
  ...deploymentSettingsDraft,
  ...{ model: own, rev: own, deleted: own },
  reason,
  force,
});

/** The form of a publish, as JSON Schema. */
export const publishForm = () => ({
  schema: {
    type: "object" as const,
    required: ["model"],
    properties: {
      model: { type: "string" as const, format: "binary" },
      manifest: asJsonSchema(draftSchema, {}),
      signature: {
        type: "object" as const,
        description: "A Sigstore bundle, as a `.sig` file has it.",
      },
    },
  },
});

/**
 * A JSON body whose schema has parts of the core in it: those are of zod's small form, which
 * the document's generator does not know. OpenAPI 3.1 takes JSON Schema as it is.
 */
export const jsonBody = (
  schema: z.core.$ZodType,
  description: string,
  more: Readonly<Record<string, unknown>> = {},
) => ({ description, content: { "application/json": { schema: asJsonSchema(schema, more) } } });

function asJsonSchema(schema: z.core.$ZodType, more: Readonly<Record<string, unknown>>): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
  });
  return { ...rest, ...more };
}

export const anyObject = z.record(z.string(), z.unknown());

export const aliasParams = modelParams.extend({
  alias: z.string().openapi({ description: "Alias name.", example: "production" }),
});

export const pageQuery = z.object({
  limit: z.string().optional().openapi({ description: "Items a page.", example: "20" }),
  cursor: z.string().optional().openapi({ description: "`next_cursor` of the page before." }),
});

export const writeHeaders = z.object({
  "idempotency-key": z.string().optional().openapi({
    description:
      "A text of your own for this one write, such as a UUID: sent again with it after a lost answer, the write is not made twice.",
  }),
});
