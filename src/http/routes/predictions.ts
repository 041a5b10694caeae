import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { isComputedVersion } from "../../core/model/computed-version.ts";
import { isModelName } from "../../core/model/reference.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { PredictionStore, RecordPlace } from "../../core/ports/prediction-store.ts";
import { listPredictions, type PredictionsQuery } from "../../core/quality/list-predictions.ts";
import { notFound, STORE_DEADLINE_MS, unavailable } from "../../core/quality/set-outcome.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { refuseUnknownQuery } from "../known-query.ts";
import { json } from "../openapi/schemas.ts";
import { refuseOutcome, writePrediction } from "../records/outcome-answers.ts";
import { withRecords } from "../records/records-deps.ts";
import { predictionParams } from "../records/schemas.ts";
import { refuse, refuseRegistry } from "../refuse.ts";
import { readCursor, readLimit, writeCursor } from "../registry/cursor.ts";
import { findModel } from "../registry/find-model.ts";
import { anyObject, pageQuery } from "../registry/schemas.ts";

const SHAPE =
  "{id, at, model, version, digest, route, strategy, input_digest, inputs?, output: {label?, probabilities?, value?, exact_value?, outputs?}, output_omitted?, rows?, confidence?, tier, entity?, outcome?: {value, at}, correct?, rev}";

const listQuery = pageQuery.extend({
  model: z.string().openapi({ example: "iris-logreg" }),
  version: z.string().optional().openapi({
    description: "Only what this one computed; `other@2` where it was another model.",
    example: "2",
  }),
  from: z.string().optional().openapi({ description: "A time of ISO 8601, inclusive." }),
  to: z.string().optional().openapi({
    description: "A time of ISO 8601, inclusive; a day without a time is meant whole.",
  }),
  with_outcome: z.enum(["true", "false"]).optional().openapi({ description: "Only these." }),
});

/** Records of predictions. */
export function addPredictionRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const read = { method: "get", scope: "read", tag: "quality" } as const;
  addRoute(
    app,
    deps.settings,
    {
      ...read,
      path: "/v1/predictions",
      summary: "Records of a model's predictions, newest first",
      request: { query: listQuery },
      responses: {
        200: json(anyObject, "{items, next_cursor?}: a page may be short and have a next one"),
      },
      refusals: [400, 404, 503],
    },
    withRecords(deps, (c, predictions) => answerList(c, deps, predictions)),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...read,
      path: "/v1/predictions/{id}",
      summary: "The record of one prediction, with its outcome",
      request: { params: predictionParams },
      responses: { 200: json(anyObject, SHAPE) },
      refusals: [404, 503],
    },
    withRecords(deps, (c, predictions) => answerOne(c, deps, predictions)),
  );
}

async function answerOne(
  c: AppContext,
  deps: HttpDeps,
  predictions: PredictionStore,
): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const found = await predictions.get([id], STORE_DEADLINE_MS);
  if (!found.ok) return refuseOutcome(c, deps, unavailable(found.failure).failure);
  const [kept] = found.value;
  return kept === undefined
    ? refuseOutcome(c, deps, notFound(id).failure)
    : c.json(writePrediction(kept));
}

async function answerList(
  c: AppContext,
  deps: HttpDeps,
  predictions: PredictionStore,
): Promise<Response> {
  const stray = refuseUnknownQuery(c, Object.keys(listQuery.shape));
  if (stray !== undefined) return refuse(c, stray);
  const query = readQuery(c);
  if (!query.ok) {
    return refuse(c, { status: 400, code: query.failure.reason, detail: query.failure.detail });
  }
  const listed = await listPredictions(predictions, query.value);
  if (!listed.ok) return refuseOutcome(c, deps, listed.failure);
  const { items, next } = listed.value;
  if (items.length === 0 && next === undefined) {
    const known = await findModel(deps, query.value.model);
    if (!known.ok) return refuseRegistry(c, known.failure);
  }
  return c.json({
    items: items.map(writePrediction),
    ...(next === undefined ? {} : { next_cursor: writeCursor(`${next.atMs} ${next.id}`) }),
  });
}

interface BadQuery {
  readonly reason: "invalid_request" | "bad_reference";
  readonly detail: string;
}

function readQuery(c: AppContext): Result<PredictionsQuery, BadQuery> {
  const { model = "", version, from, to, with_outcome: withOutcome } = c.req.query();
  if (!isModelName(model)) return wrong("model", "the name of a model: ?model=iris-logreg");
  if (version !== undefined && !isComputedVersion(version)) {
    return wrong("version", "a number from 1, or other@2 where another model answered");
  }
  const fromMs = readTime(from);
  if (fromMs === "wrong") return wrong("from", A_TIME);
  const toMs = readTime(to, DAY_MS - 1);
  if (toMs === "wrong") return wrong("to", A_TIME);
  if (withOutcome !== undefined && withOutcome !== "true" && withOutcome !== "false") {
    return wrong("with_outcome", "true or false");
  }
  const limit = readLimit(c.req.query("limit"), { fallback: 50, max: 200 });
  if (!limit.ok) return limit;
  const after = readPlace(c.req.query("cursor"));
  if (!after.ok) return after;
  return ok({
    model,
    version,
    fromMs,
    toMs,
    withOutcome: withOutcome === undefined ? undefined : withOutcome === "true",
    after: after.value,
    limit: limit.value,
  });
}

const A_TIME = "a time of ISO 8601, such as 2026-11-28 or 2026-11-28T10:00:00Z";
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

const DAY_MS = 86_400_000;
const DAY_LENGTH = "2026-11-28".length;

/** @param ofDay how much later than its beginning a day without a time is meant, in milliseconds */
function readTime(text: string | undefined, ofDay = 0): number | undefined | "wrong" {
  if (text === undefined) return undefined;
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) return "wrong";
  return text.length === DAY_LENGTH ? ms + ofDay : ms;
}

function readPlace(cursor: string | undefined): Result<RecordPlace | undefined, BadQuery> {
  const place = readCursor(cursor);
  if (!place.ok) return place;
  if (place.value === undefined) return ok(undefined);
  const [, atMs, id] = /^(\d{1,15}) (.+)$/s.exec(place.value) ?? [];
  return atMs === undefined || id === undefined
    ? wrong("cursor", "next_cursor of the page before, as it came")
    : ok({ atMs: Number(atMs), id });
}

const wrong = (name: string, what: string): Result<never, BadQuery> =>
  fail({ reason: "invalid_request", detail: `the query's '${name}' must be ${what}` });
