import { z } from "zod";
import { resultSchema } from "../predict/file/result.ts";

/** Bundles and crons as the server tells of them, as far as the commands read it. */

const text = z.string();

export const bundleSchema = z.looseObject({
  name: text,
  references: z.array(text),
  description: text.optional(),
  warm: z.boolean().optional(),
  rev: z.number(),
});
export type BundleAnswer = z.output<typeof bundleSchema>;

const damagedSchema = z.looseObject({ name: text, problem: text });

export const bundlesSchema = z.looseObject({
  items: z.array(z.union([bundleSchema, damagedSchema])),
  next_cursor: text.optional(),
});

const error = z.looseObject({ code: text, detail: text });

export const bundleLoadedSchema = z.looseObject({
  bundle: text,
  loaded: z.number(),
  failed: z.number(),
  results: z.array(
    z.looseObject({
      reference: text,
      ok: z.boolean(),
      version: text.optional(),
      memory_bytes: z.number().optional(),
      duration_ms: z.number(),
      error: error.optional(),
    }),
  ),
});

const output = z.looseObject({
  name: text,
  datatype: text,
  shape: z.array(z.number()),
  data: z.array(z.unknown()),
});

/** What a bundle answers to tensors, or to rows. */
export const bundlePredictedSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      reference: text,
      ok: z.boolean(),
      version: text.optional(),
      outputs: z.array(output).optional(),
      /** Of rows. */
      results: z.array(resultSchema).optional(),
      error: error.optional(),
    }),
  ),
});

export type BundlePredicted = z.output<typeof bundlePredictedSchema>;

const place = z.looseObject({ models: text.optional(), warm: text.optional() });

const tickSchema = z.looseObject({
  at: text,
  duration_ms: z.number(),
  lease: text,
  refreshed: z
    .looseObject({
      checked: z.number(),
      changed: z.number(),
      kept: z.number(),
      failed: z.array(z.looseObject({ model: text, reason: text, detail: text })),
    })
    .optional(),
  objects: z.record(text, z.number()).optional(),
  warmed: z
    .array(
      z.looseObject({
        model: text,
        version: text,
        ok: z.boolean(),
        duration_ms: z.number(),
        reason: text.optional(),
        detail: text.optional(),
      }),
    )
    .optional(),
  resumed_at: place.optional(),
  stopped_at: place.optional(),
  settled: z
    .looseObject({
      entities: z.number(),
      predictions: z.number(),
      done: z.boolean(),
      failure: z.looseObject({ reason: text, detail: text }).optional(),
    })
    .optional(),
  backup: z
    .looseObject({ copied: z.number(), unchanged: z.number(), failures: z.number() })
    .optional(),
  archive: z
    .looseObject({
      records: z.number(),
      objects: z.number(),
      failure: z.looseObject({ reason: text, detail: text }).optional(),
    })
    .optional(),
});
export type TickAnswer = z.output<typeof tickSchema>;

export const cronSchema = z.looseObject({
  crons: z.array(
    z.looseObject({ cron: text, does: text, from: text.nullable(), last: tickSchema.nullable() }),
  ),
  redis: text,
});
export type CronAnswer = z.output<typeof cronSchema>["crons"][number];
