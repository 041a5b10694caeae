import { z } from "zod";
import { namedValues } from "../../core/model/named-values.ts";

/** Entities and conversations as the server tells of them, as far as the commands read it. */

const text = z.string();
const scalar = z.union([text, z.number(), z.boolean()]);

const count = z.number();

/** The predictions on an entity that is finished. */
export const predictionCountsSchema = z.object({
  settled: count,
  unchanged: count,
  conflicting: count,
  invalid: count,
  pending: count,
});

export const entitySchema = z.looseObject({
  type: text,
  id: text,
  state: text,
  // As it is: `z.record` leaves `__proto__` out.
  features: namedValues,
  outcome: scalar.optional(),
  created_at: text,
  updated_at: text,
  rev: z.number(),
  predictions: predictionCountsSchema.optional(),
});

export const entitiesSchema = z.looseObject({
  items: z.array(entitySchema),
  next_cursor: text.optional(),
});

export const entityLinesSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      line: z.number(),
      id: text.optional(),
      ok: z.boolean(),
      predictions: predictionCountsSchema.optional(),
      error: z.looseObject({ code: text, detail: text }).optional(),
    }),
  ),
});

export const appendedSchema = z.looseObject({
  conversation: text,
  events: z.array(z.looseObject({ id: text, at: text })),
  total: z.number(),
});

export const eventsSchema = z.looseObject({
  conversation: text,
  items: z.array(
    z.looseObject({
      id: text,
      at: text,
      category: text,
      resource: text,
      scene: text.optional(),
      payload: z.unknown(),
      valid: z.boolean().optional(),
      _model: text,
      _strategy: text,
      _version: text,
    }),
  ),
  total: z.number(),
  next_cursor: text.optional(),
});
