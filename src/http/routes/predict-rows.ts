import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { addRoute } from "../add-route.ts";
import type { AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { json } from "../openapi/schemas.ts";
import { answerRows } from "../predict/answer-rows.ts";
import { NDJSON_TYPE } from "../predict/rows-form.ts";
import { rowsQuerySchema, rowsRequestSchema, rowsResponseSchema } from "../predict/schemas.ts";

/** Predictions for rows of named features: JSON, CSV, or lines of JSON without end. */
export function addPredictRowsRoute(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const lines = {
    schema: z.string().openapi({ description: "A row, or a result, in each line." }),
  };
  const body = json(
    rowsRequestSchema,
    "Rows, columns, stored entities, CSV with a header, or a row a line.",
  );
  const answer = json(
    rowsResponseSchema,
    "A result for each row, in order; a bad row fails alone.",
  );
  addRoute(
    app,
    deps.settings,
    {
      method: "post",
      scope: "infer",
      tag: "predictions",
      path: "/v1/models/{model}/predict",
      summary: "Predict for rows of named features: labels and probabilities, or values",
      request: {
        params: z.object({
          model: z.string().openapi({
            description: "Model name, or `name@version`, `name@alias`.",
            example: "iris-logreg",
          }),
        }),
        query: rowsQuerySchema,
        body: {
          ...body,
          content: { ...body.content, "text/csv": lines, [NDJSON_TYPE]: lines },
        },
      },
      responses: { 200: { ...answer, content: { ...answer.content, [NDJSON_TYPE]: lines } } },
      refusals: [400, 404, 413, 415, 422, 503],
    },
    (c) => answerRows(c, deps),
  );
}
