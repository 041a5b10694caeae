import { z } from "@hono/zod-openapi";

const value = z.union(
  [z.string().min(1), z.number(), z.boolean()],
  "must be the name of a class, a number, true or false",
);

/** Any offset is taken, and kept as UTC. */
const at = z.iso.datetime({ offset: true, error: "must be a time of ISO 8601, with its offset" });

export const outcomeSchema = z
  .object({ value, at: at.optional(), replace: z.boolean().default(false) })
  .strict()
  .openapi("Outcome", { example: { value: "versicolor" } });

/** One line of many. */
export const outcomeLineSchema = z
  .object({
    prediction_id: z.string().min(1).max(256),
    value,
    at: at.optional(),
    replace: z.boolean().default(false),
  })
  .strict()
  .openapi("OutcomeLine");

export const predictionParams = z.object({
  id: z.string().openapi({
    description: "`prediction_id` of an answer, or its `x-freshet-prediction-id`.",
    example: "01JD5X6Q3M8R0V7T2B9C4D1E5F",
  }),
});

export const outcomeAnswerSchema = z
  .object({
    prediction_id: z.string(),
    outcome: z.object({
      value,
      at: z.string(),
      by: z
        .literal("entity")
        .optional()
        .openapi({ description: "It follows the prediction's entity." }),
    }),
    correct: z.boolean().optional(),
  })
  .openapi("OutcomeAnswer");

const grouping = z.enum(["version", "strategy", "route", "day"]);

export const windowQuery = z.object({
  window: z.string().optional().openapi({
    description: "`1d` to `365d` in whole days of UTC, today among them, or `all`.",
    example: "7d",
  }),
  by: grouping.optional().openapi({ description: "What the groups are; `version` unless told." }),
});

const measured = z.record(z.string(), z.unknown());

const groupedSchema = (group: z.ZodObject) =>
  z.object({
    model: z.string(),
    window: z.string(),
    by: grouping,
    groups: z.array(group.extend({ key: z.string() })),
  });

export const accuracySchema = groupedSchema(
  z.object({
    n: z.number().int().openapi({ description: "Outcomes that are known." }),
    predictions: z.number().int().openapi({ description: "Records, with an outcome or without." }),
    coverage: z.number().openapi({ description: "n / predictions" }),
    unscored: z.number().int().optional(),
    metrics: measured.openapi({
      description:
        "{n_labels, accuracy, f1_macro, n_probabilities, log_loss, brier, calibration: {n, bins, ece}, classes, confusion_matrix, …} or {n_values, mae, rmse, r2}: each n is of how many outcomes the figures after it are",
    }),
  }),
).openapi("Accuracy");

export const statisticsSchema = groupedSchema(
  z.object({
    predictions: z.number().int(),
    cached_share: z.number(),
    tiers: z.record(z.string(), z.number().int()),
    confidence: measured.optional().openapi({
      description:
        "{n, error, p05, p25, p50, p75, p95}: with linear interpolation, each off by `error` at most",
    }),
    labels: z.record(z.string(), z.number().int()).optional(),
    values: measured.optional(),
    outcomes: z.number().int(),
    coverage: z.number(),
  }),
).openapi("PredictionStatistics");
