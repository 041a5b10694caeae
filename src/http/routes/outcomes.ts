import type { OpenAPIHono } from "@hono/zod-openapi";
import type { PredictionStore } from "../../core/ports/prediction-store.ts";
import { setOutcome } from "../../core/quality/set-outcome.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { parseExactJson } from "../body/parse-exact-json.ts";
import type { HttpDeps } from "../deps.ts";
import { json } from "../openapi/schemas.ts";
import { refuseOutcome } from "../records/outcome-answers.ts";
import { outcomeDepsOf, withRecords } from "../records/records-deps.ts";
import { outcomeAnswerSchema, outcomeSchema, predictionParams } from "../records/schemas.ts";
import { refuse } from "../refuse.ts";
import { readJsonBody } from "../registry/read-json-body.ts";

/** What turned out to be true: of one prediction, or of many. */
export function addOutcomeRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const write = { scope: "outcomes", tag: "quality" } as const;
  addRoute(
    app,
    deps.settings,
    {
      ...write,
      method: "put",
      path: "/v1/predictions/{id}/outcome",
      summary: "Record what turned out to be true of a prediction",
      request: {
        params: predictionParams,
        body: json(outcomeSchema, "The truth; `replace` puts it in the place of another one."),
      },
      responses: {
        200: json(outcomeAnswerSchema, "It is kept. The same once more changes nothing."),
      },
      refusals: [400, 404, 409, 413, 422, 503],
    },
    withRecords(deps, (c, predictions) => answerPut(c, deps, predictions)),
  );
  const lines = { schema: { type: "string" } } as const;
  addRoute(
    app,
    deps.settings,
    {
      ...write,
      method: "post",
      path: "/v1/outcomes",
      summary: "Record many outcomes, a line each, of a body of any length",
      request: {
        body: {
          description:
            "Lines of {prediction_id, value, at?, replace?}, or CSV whose header has prediction_id and value.",
          content: { "application/x-ndjson": lines, "text/csv": lines },
        },
      },
      responses: {
        200: {
          description:
            "A line for each, in order: {line, ok: true, prediction_id, outcome, correct?} or {line, ok: false, prediction_id?, error: {code, detail}}. A last line {ok: false, final: true, error} says that the rest was not done.",
          content: { "application/x-ndjson": lines },
        },
      },
      refusals: [400, 415, 503],
    },
    withRecords(deps, async (c, predictions) => {
      const { answerOutcomes } = await import("../records/answer-outcomes.ts");
      return answerOutcomes(c, deps, predictions);
    }),
  );
}

const MAX_DEPTH = 4;

/** A number that would be kept as another one is refused. */
const parseOutcome = (bytes: Uint8Array) =>
  parseExactJson(bytes, { maxDepth: MAX_DEPTH, what: "body" });

async function answerPut(
  c: AppContext,
  deps: HttpDeps,
  predictions: PredictionStore,
): Promise<Response> {
  const body = await readJsonBody(c, outcomeSchema, parseOutcome);
  if (!body.ok) return refuse(c, body.failure);
  const { value, at, replace } = body.value;
  const id = c.req.param("id") ?? "";
  const wish = { id, value, at: at && new Date(at).toISOString(), replace };
  const set = await setOutcome(outcomeDepsOf(deps, predictions), wish);
  return set.ok ? c.json(set.value) : refuseOutcome(c, deps, set.failure);
}
