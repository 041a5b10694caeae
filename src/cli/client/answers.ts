import { z } from "zod";
import { DATATYPES } from "../../core/model/datatype.ts";

/** The server's answers, as far as the commands read them. Loose: `--json` passes all of it on. */

const text = z.string();
const pairs = z.record(text, z.unknown());
const spec = z.looseObject({ name: text, datatype: text, shape: z.array(z.number()) });
const route = z.looseObject({ weights: z.record(text, z.number()), shadow: text.optional() });
const field = z.looseObject({ path: text, message: text });
const cursor = { next_cursor: text.optional() };

export const publishedSchema = z.looseObject({
  name: text,
  version: text,
  digest: text,
  size_bytes: z.number(),
  peak_memory_bytes: z.number().optional(),
  inputs: z.array(spec).optional(),
  outputs: z.array(spec).optional(),
  aliases: z.array(text),
});

export const versionSchema = z.looseObject({
  name: text,
  version: text,
  digest: text,
  size_bytes: z.number(),
  created_at: text,
  created_by: text.optional(),
  framework: z.looseObject({ name: text, version: text.optional() }).optional(),
  task: text.optional(),
  inputs: z.array(spec).optional(),
  outputs: z.array(spec).optional(),
  features: z.array(z.looseObject({ name: text })).default([]),
  classes: z.array(text).default([]),
  metrics: pairs.default({}),
  tags: pairs.default({}),
  description: text.optional(),
  peak_memory_bytes: z.number().optional(),
  onnx: z.looseObject({ opsets: z.record(text, z.number()), producer: text.optional() }).optional(),
  aliases: z.array(text).default([]),
  deprecated: z.looseObject({ reason: text }).optional(),
  signature: z.unknown().optional(),
});
export type VersionAnswer = z.output<typeof versionSchema>;

const exactSpec = spec.extend({ datatype: z.enum(DATATYPES) });

/** What of a version its callers rely on, in the core's own terms. */
export const interfaceSchema = z.looseObject({
  inputs: z.array(exactSpec).optional(),
  outputs: z.array(exactSpec).optional(),
  features: z.array(z.looseObject({ name: text, dtype: text })).default([]),
  classes: z.array(text).default([]),
});

export const modelSchema = z.looseObject({
  name: text,
  rev: z.number(),
  aliases: z.record(text, route),
  production: versionSchema.optional(),
});

export const versionsSchema = z.looseObject({ items: z.array(versionSchema), ...cursor });

export const modelsSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      name: text,
      aliases: z.record(text, z.record(text, z.number())),
      task: text.optional(),
      framework: text.optional(),
      description: text.optional(),
      size_bytes: z.number().optional(),
      problem: text.optional(),
    }),
  ),
  ...cursor,
});

const metricPair = z.looseObject({
  name: text,
  a: z.number().nullable(),
  b: z.number().nullable(),
  difference: z.number().nullable(),
});

export const comparisonSchema = z.looseObject({
  a: versionSchema,
  b: versionSchema,
  same_bytes: z.boolean(),
  compatible: z.boolean(),
  schema_differences: z.array(field),
  metrics: z.array(metricPair),
  size_bytes: metricPair,
  peak_memory_bytes: metricPair,
});

export const aliasesSchema = z.looseObject({
  rev: z.number(),
  aliases: z.record(text, route),
});

export const movedSchema = z.looseObject({
  alias: text,
  route: route.nullish(),
  rev: z.number(),
});

export const historySchema = z.looseObject({
  items: z.array(
    z.looseObject({
      rev: z.number(),
      at: text,
      actor: text,
      action: text,
      alias: text.optional(),
      version: text.optional(),
      from: route.nullish(),
      to: route.nullish(),
      reason: text.optional(),
    }),
  ),
  ...cursor,
});

export const servedSchema = z.looseObject({
  at: text,
  aliases: z.record(text, z.record(text, z.number())),
});

export const prunedSchema = z.looseObject({
  dry_run: z.boolean(),
  deleted: z.array(z.looseObject({ version: text })),
  kept: z.array(z.unknown()),
});

export const metadataSchema = z.looseObject({
  name: text,
  inputs: z.array(spec),
  outputs: z.array(spec),
  parameters: z.looseObject({ version: text, classes: z.array(text).default([]) }),
});

export const inferenceSchema = z.looseObject({
  model_name: text,
  model_version: text,
  outputs: z.array(spec.extend({ data: z.array(z.unknown()) })),
});
