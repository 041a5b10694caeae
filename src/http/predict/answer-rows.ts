import { parseReferenceWord, type Reference } from "../../core/model/reference.ts";
import { openRows, type RowsRequest } from "../../core/predict/rows/open-rows.ts";
import type { AppContext } from "../app-env.ts";
import { refuseScope } from "../authorize.ts";
import { cacheWishOf } from "../cache-wish.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { refuseUnknownQuery } from "../known-query.ts";
import type { Refusal } from "../problem.ts";
import { refusalOf } from "../refusals.ts";
import { refusePrediction } from "../refuse-prediction.ts";
import { stickinessOf } from "../stickiness.ts";
import { type AnsweredModel, answerOpened } from "./answer-opened.ts";
import { makeAskedRows } from "./make-asked-rows.ts";
import { type GivenBody, readGivenRows } from "./read-given-rows.ts";
import { type RefuseRows, rowsRefusalOf } from "./refuse-rows.ts";
import { reportRows } from "./report-rows.ts";
import {
  formOf,
  type HowToRead,
  NDJSON_TYPE,
  type RowsForm,
  readHow,
  wantsLines,
} from "./rows-form.ts";
import { type RowsMeta, rowsCacheHeaders, rowsHeaders } from "./rows-response.ts";

const ROWS_QUERY = ["unknown", "values", "offset"];

/** Answers a request of rows: parse, choose the version, make rows, predict, write. */
export async function answerRows(c: AppContext, deps: HttpDeps): Promise<Response> {
  const startedMs = deps.clock.now();
  const reference = parseReferenceWord(c.req.param("model") ?? "");
  if (!reference.ok) {
    return refusePrediction(c, deps, { startedMs }, refusalOf(reference.failure));
  }
  const form = formOf(c.req.header("content-type"));
  const request = requestOf(c, deps, reference.value, form !== "ndjson");
  const refuse: RefuseRows = (refusal, failure) =>
    refusePrediction(c, deps, { ...request, startedMs, failure }, refusal);
  const how = readHow(form, (name) => c.req.query(name));
  if (!how.ok) return refuse({ ...how.failure, status: 400, code: how.failure.reason });
  const stray = refuseUnknownQuery(c, ROWS_QUERY);
  if (stray !== undefined) return refuse(stray);
  if (form === "ndjson") {
    const { answerStream } = await import("./answer-stream.ts");
    return answerStream(c, deps, request, how.value, refuse);
  }
  return answerWhole({ c, deps, request, refuse, startedMs }, form, how.value);
}

/** A stream of a whole file is answered from the cache and does not fill it: it would push out all else. */
function requestOf(
  c: AppContext,
  deps: HttpDeps,
  reference: Reference,
  keeps: boolean,
): RowsRequest {
  return {
    reference,
    stickiness: stickinessOf(c, deps),
    requestId: c.get("requestId"),
    cacheWish: cacheWishOf(c.req.header("cache-control")),
    keeps,
  };
}

interface AskingRows {
  readonly c: AppContext;
  readonly deps: HttpDeps;
  readonly request: RowsRequest;
  readonly refuse: RefuseRows;
  readonly startedMs: number;
}

async function answerWhole(
  { c, deps, request: asked, refuse, startedMs }: AskingRows,
  form: RowsForm,
  how: HowToRead,
): Promise<Response> {
  const requestId = c.get("requestId");
  const body = await readGivenRows(c.req.raw, form, { ...deps.settings, takesLines: true });
  if (!body.ok) return refuse(body.failure);
  const { given, conversation } = body.value;
  const isInLines = wantsLines(form, c.req.header("accept"));
  const refusal = conversation && refuseAppending(c, deps, isInLines);
  if (refusal !== undefined) return refuse(refusal);
  const context = flightContext(c, deps.clock);
  const request = { ...asked, conversationId: conversation?.id };
  const opened = await openRows(deps.serve, context, request);
  if (!opened.ok) return refuse(rowsRefusalOf(opened.failure), opened.failure);
  const made = await makeAskedRows(deps, opened.value.rows, given, { ...how, requestId });
  if (!made.ok) return refuse(made.failure);
  const outcome = await answerOpened(deps, context, opened.value, made.value, requestId);
  if (!outcome.ok) return refuse(refusalOf(outcome.failure), outcome.failure);
  const answered = outcome.value;
  const told = await appendTo(deps, conversation, answered);
  const rows = made.value.rows.length;
  reportRows(deps, { ...answered, rows, startedMs, nowMs: deps.clock.now() });
  return respond(answered, told, isInLines);
}

/**
 * Why answers cannot be appended, before anything is predicted. What the scope `outcomes` is needed
 * for by itself is not had by the way of a prediction: where `infer` is public, everybody could fill
 * and spoil the conversations of others. A developer's own machine is left open.
 */
function refuseAppending(
  c: AppContext,
  { settings }: Pick<HttpDeps, "settings">,
  isInLines: boolean,
): Refusal | undefined {
  if (isInLines) return NOT_IN_LINES;
  if (settings.environment === "dev") return undefined;
  const refusal = refuseScope(settings, "outcomes", c.req.header("authorization"));
  return refusal && { ...refusal, detail: `to append to a conversation: ${refusal.detail}` };
}

const NOT_IN_LINES = {
  status: 400,
  code: "invalid_request",
  detail:
    "what became of the conversation is told in meta, which an answer in lines has not: accept application/json",
};

/** Appended before the answer leaves, which tells of it. */
async function appendTo(
  deps: HttpDeps,
  conversation: GivenBody["conversation"],
  { open, asked, answer, meta, written }: AnsweredModel,
): Promise<Pick<RowsMeta, "conversation">> {
  if (conversation === undefined) return {};
  const { appendAnswered } = await import("./append-answered.ts");
  const { entities } = asked;
  const answers = { open, results: answer.results, written, entities };
  return { conversation: await appendAnswered(deps, meta.request_id, conversation, answers) };
}

function respond(
  { open, answer, meta, written, unrecorded }: AnsweredModel,
  appended: Pick<RowsMeta, "conversation">,
  isInLines: boolean,
): Response {
  const told = { ...meta, ...(unrecorded === 0 ? {} : { unrecorded }), ...appended };
  const body = isInLines
    ? `${written.join("\n")}\n`
    : `{"results":[${written.join(",")}],"meta":${JSON.stringify(told)}}`;
  return new Response(body, {
    headers: {
      ...rowsHeaders(open, meta),
      "content-type": isInLines ? NDJSON_TYPE : "application/json",
      ...rowsCacheHeaders(meta, answer),
      "server-timing": `run;dur=${answer.runMs}`,
    },
  });
}
