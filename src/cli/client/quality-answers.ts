import { z } from "zod";
import { namedNumbers, namedValues } from "../../core/model/named-values.ts";
import { anyNumber } from "../exact-json.ts";

/** Predictions, outcomes and what is known of their quality, as far as the commands read it. */

const text = z.string();
const scalar = z.union([text, z.number(), z.boolean()]);
const outcome = z.looseObject({ value: scalar, at: text });

export const outcomeSetSchema = z.looseObject({
  prediction_id: text,
  outcome,
  correct: z.boolean().optional(),
});

/** A line of the answer to many outcomes. */
export const outcomeLineSchema = z.looseObject({
  line: z.number().optional(),
  ok: z.boolean(),
  /** The rest of the file was not done. */
  final: z.boolean().optional(),
  prediction_id: text.optional(),
  error: z.looseObject({ code: text, detail: text }).optional(),
});

export const predictionSchema = z.looseObject({
  id: text,
  at: text,
  model: text,
  version: text,
  route: text,
  strategy: text,
  tier: text,
  input_digest: text,
  inputs: z.unknown().optional(),
  output: z.looseObject({
    label: text.optional(),
    probabilities: z.optional(namedNumbers),
    value: anyNumber.optional(),
    exact_value: text.optional(),
    outputs: z.optional(namedValues),
  }),
  output_omitted: z.boolean().optional(),
  rows: z.number().optional(),
  confidence: z.number().optional(),
  entity: z.looseObject({ type: text, id: text }).optional(),
  outcome: outcome.optional(),
  correct: z.boolean().optional(),
});

export const predictionsSchema = z.looseObject({
  items: z.array(predictionSchema),
  next_cursor: text.optional(),
});

const metric = z.number().optional();

export const accuracySchema = z.looseObject({
  model: text,
  window: text,
  groups: z.array(
    z.looseObject({
      key: text,
      n: z.number(),
      predictions: z.number(),
      coverage: z.number(),
      unscored: z.number().optional(),
      metrics: z.looseObject({
        n_labels: z.number().optional(),
        n_probabilities: z.number().optional(),
        accuracy: metric,
        f1_macro: metric,
        log_loss: metric,
        brier: metric,
        mae: metric,
        rmse: metric,
        r2: metric,
      }),
    }),
  ),
});

export const statisticsSchema = z.looseObject({
  model: text,
  window: text,
  groups: z.array(
    z.looseObject({
      key: text,
      predictions: z.number(),
      cached_share: z.number(),
      coverage: z.number(),
      confidence: z.looseObject({ p05: z.number(), p50: z.number(), p95: z.number() }).optional(),
      labels: z.optional(namedNumbers),
      values: z.looseObject({ mean: z.number(), sd: metric }).optional(),
    }),
  ),
});
