import type { OpenAPIHono } from "@hono/zod-openapi";
import { isModelName } from "../../core/model/reference.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { PredictionStore } from "../../core/ports/prediction-store.ts";
import {
  type AccuracyQuery,
  GROUPINGS,
  type Grouped,
  readAccuracy,
  readStatistics,
} from "../../core/quality/read-accuracy.ts";
import type { OutcomeFailure } from "../../core/quality/set-outcome.ts";
import { parseWindow } from "../../core/quality/window.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { refuseUnknownQuery } from "../known-query.ts";
import { json, modelParams } from "../openapi/schemas.ts";
import { refuseOutcome } from "../records/outcome-answers.ts";
import { classesOf, withRecords } from "../records/records-deps.ts";
import { accuracySchema, statisticsSchema, windowQuery } from "../records/schemas.ts";
import { refuse, refuseRegistry } from "../refuse.ts";
import { findModel } from "../registry/find-model.ts";

const DEFAULT_WINDOW = "7d";

type Read = (
  predictions: PredictionStore,
  query: AccuracyQuery,
) => Promise<Result<Grouped<object>, OutcomeFailure>>;

/** How right a model's answers were, and what they were. */
export function addAccuracyRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const common = {
    method: "get",
    scope: "read",
    tag: "quality",
    request: { params: modelParams, query: windowQuery },
    refusals: [400, 404, 503],
  } as const;
  addRoute(
    app,
    deps.settings,
    {
      ...common,
      path: "/v1/models/{model}/accuracy",
      summary: "How right a model's recorded predictions were, by their outcomes",
      responses: { 200: json(accuracySchema, "Predictions made within the window.") },
    },
    withRecords(deps, (c, predictions) => {
      const read: Read = (store, query) =>
        readAccuracy(store, query, (model, version) => classesOf(deps, model, version));
      return answer(c, deps, predictions, read);
    }),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...common,
      path: "/v1/models/{model}/statistics",
      summary: "What a model's recorded predictions were: labels, confidence, cached share",
      responses: { 200: json(statisticsSchema, "Predictions made within the window.") },
    },
    withRecords(deps, (c, predictions) => answer(c, deps, predictions, readStatistics)),
  );
}

async function answer(
  c: AppContext,
  deps: HttpDeps,
  predictions: PredictionStore,
  read: Read,
): Promise<Response> {
  const stray = refuseUnknownQuery(c, Object.keys(windowQuery.shape));
  if (stray !== undefined) return refuse(c, stray);
  const query = readQuery(c, deps.clock.now());
  if (!query.ok) {
    const { reason: code, detail } = query.failure;
    return refuse(c, { status: 400, code, detail });
  }
  const grouped = await read(predictions, query.value);
  if (!grouped.ok) return refuseOutcome(c, deps, grouped.failure);
  if (grouped.value.groups.length === 0) {
    const known = await findModel(deps, query.value.model);
    if (!known.ok) return refuseRegistry(c, known.failure);
  }
  return c.json(grouped.value);
}

function readQuery(
  c: AppContext,
  nowMs: number,
): Result<AccuracyQuery, { readonly reason: string; readonly detail: string }> {
  const model = c.req.param("model") ?? "";
  if (!isModelName(model)) {
    return fail({ reason: "bad_reference", detail: `'${model.slice(0, 60)}' is no model's name` });
  }
  const window = parseWindow(c.req.query("window") ?? DEFAULT_WINDOW, nowMs);
  if (!window.ok) return window;
  const wanted = c.req.query("by") ?? "version";
  const by = GROUPINGS.find((one) => one === wanted);
  return by === undefined
    ? fail({ reason: "invalid_request", detail: `by must be one of ${GROUPINGS.join(", ")}` })
    : ok({ model, window: window.value, by });
}
