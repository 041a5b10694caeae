import { z } from "@hono/zod-openapi";

/** Wire shapes of predictions for rows, for the OpenAPI document: bodies are checked by loops. */

const FLOWER = {
  "sepal length (cm)": 6.2,
  "sepal width (cm)": 2.8,
  "petal length (cm)": 4.8,
  "petal width (cm)": 1.8,
};

const place = z
  .object({
    id: z.string().openapi({ example: "c-1" }),
    category: z.string().openapi({ example: "recommendation" }),
    resource: z.string().openapi({ example: "loan" }),
    scene: z.string().optional(),
  })
  .optional()
  .openapi({ description: "Append each answer to this conversation as an event." });

export const rowsRequestSchema = z
  .union([
    z.object({
      rows: z
        .array(z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]))
        .openapi({ description: "Features by name, or values in the model's order." }),
      conversation: place,
    }),
    z.object({
      columns: z
        .record(z.string(), z.array(z.unknown()))
        .openapi({ description: "The values of each feature, row after row." }),
      conversation: place,
    }),
    z.object({
      entities: z.array(z.string()).openapi({
        description: "Entities as `type:id`: their stored features are the rows.",
        example: ["match:m-1"],
      }),
      conversation: place,
    }),
  ])
  .openapi("RowsRequest", { example: { rows: [FLOWER] } });

export const rowsQuerySchema = z.object({
  unknown: z.enum(["refuse", "ignore"]).optional().openapi({
    description: "What becomes of features that the model has not; CSV ignores them.",
  }),
  values: z.enum(["typed", "text"]).optional().openapi({
    description: "Whether text may stand for numbers, as it does in CSV.",
  }),
  offset: z.string().optional().openapi({
    description: "Rows of the same file in earlier requests: paths count from there.",
    example: "50000",
  }),
});

const answered = z.object({
  ok: z.literal(true),
  prediction_id: z.string(),
  recorded: z.literal(false).optional().openapi({
    description: "There was no room for its record: the id takes no outcome.",
  }),
  label: z.string().optional(),
  probabilities: z.record(z.string(), z.number()).optional(),
  value: z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])]).optional(),
  outputs: z
    .record(z.string(), z.unknown())
    .optional()
    .openapi({ description: "Outputs that are none of these: one value, or a flat array." }),
  strategy: z.string().optional().openapi({ description: "Where it is not that of `meta`." }),
  model: z.string().optional().openapi({ description: "With `strategy`: what computed it." }),
  version: z.string().optional().openapi({ description: "With `strategy`." }),
});

const failed = z.object({
  ok: z.literal(false),
  error: z.object({ code: z.string(), detail: z.string(), path: z.string().optional() }),
});

export const rowsResponseSchema = z
  .object({
    results: z.array(z.union([answered, failed])),
    meta: z.object({
      model: z.string(),
      version: z.string(),
      digest: z.string(),
      strategy: z.string(),
      cache: z.string(),
      route: z.string(),
      request_id: z.string(),
      cached_rows: z.number().int(),
      job: z.string().optional().openapi({ description: "Of an only row, by a premium strategy." }),
      ignored_columns: z.array(z.string()).optional(),
      unrecorded: z.number().int().optional(),
      conversation: z
        .object({
          id: z.string(),
          events: z.array(z.string()).optional(),
          error: z.object({ code: z.string(), detail: z.string() }).optional(),
        })
        .optional()
        .openapi({ description: "The ids of the events, or why nothing was appended." }),
    }),
  })
  .openapi("RowsResponse");
