import type { FlightContext } from "../../core/cache/single-flight.ts";
import { parseReferenceWord, type Reference } from "../../core/model/reference.ts";
import { type OpenRows, openRows, type RowsRequest } from "../../core/predict/rows/open-rows.ts";
import { predictRows, type RowsAnswer } from "../../core/predict/rows/predict-rows.ts";
import type { AppContext } from "../app-env.ts";
import { refuseScope } from "../authorize.ts";
import { cacheWishOf } from "../cache-wish.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import type { Refusal } from "../problem.ts";
import { refuse, refuseServe } from "../refuse.ts";
import { type AskedRows, makeAskedRows } from "./make-asked-rows.ts";
import { type GivenBody, readGivenRows } from "./read-given-rows.ts";
import { recordAnswered } from "./record-answered.ts";
import { failureOfAll, rowsRefusalOf } from "./refuse-rows.ts";
import { reportRows } from "./report-rows.ts";
import {
  formOf,
  type HowToRead,
  NDJSON_TYPE,
  type RowsForm,
  readHow,
  wantsLines,
} from "./rows-form.ts";
import { type RowsMeta, rowsCacheStatus, rowsHeaders, rowsMetaOf } from "./rows-response.ts";
import { createResultWriter } from "./write-results.ts";

/** Answers a request of rows: parse, choose the version, make rows, predict, write. */
export async function answerRows(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReferenceWord(c.req.param("model") ?? "");
  if (!reference.ok) return refuseServe(c, reference.failure);
  const form = formOf(c.req.header("content-type"));
  const how = readHow(form, (name) => c.req.query(name));
  if (!how.ok) return refuse(c, { ...how.failure, status: 400, code: how.failure.reason });
  if (form === "ndjson") {
    const { answerStream } = await import("./answer-stream.ts");
    return answerStream(c, deps, requestOf(c, deps, reference.value, false), how.value);
  }
  return answerWhole(c, deps, reference.value, form, how.value);
}

/** A stream of a whole file is answered from the cache and does not fill it: it would push out all else. */
function requestOf(
  c: AppContext,
  { random }: HttpDeps,
  reference: Reference,
  keeps: boolean,
): RowsRequest {
  return {
    reference,
    stickiness: () => ({
      routingKey: c.req.header("x-freshet-routing-key"),
      route: c.req.header("x-freshet-route"),
      random,
    }),
    requestId: c.get("requestId"),
    cacheWish: cacheWishOf(c.req.header("cache-control")),
    keeps,
  };
}

async function answerWhole(
  c: AppContext,
  deps: HttpDeps,
  reference: Reference,
  form: RowsForm,
  how: HowToRead,
): Promise<Response> {
  const startedMs = deps.clock.now();
  const requestId = c.get("requestId");
  const body = await readGivenRows(c.req.raw, form, deps.settings);
  if (!body.ok) return refuse(c, body.failure);
  const { given, conversation } = body.value;
  const isInLines = wantsLines(form, c.req.header("accept"));
  const refusal = conversation && refuseAppending(c, deps, isInLines);
  if (refusal !== undefined) return refuse(c, refusal);
  const context = flightContext(c, deps.clock);
  const request = { ...requestOf(c, deps, reference, true), conversationId: conversation?.id };
  const opened = await openRows(deps.serve, context, request);
  if (!opened.ok) return refuse(c, rowsRefusalOf(opened.failure));
  const open = opened.value;
  const made = await makeAskedRows(deps, open.rows, given, { ...how, requestId });
  if (!made.ok) return refuse(c, made.failure);
  const { rows, reading, ignored } = made.value;
  const answer = await predictRows(deps.serve, context, open, rows, reading);
  const failure = failureOfAll(answer.results);
  if (failure !== undefined) return refuseServe(c, failure);
  const meta = {
    ...rowsMetaOf(open, answer, requestId),
    ...(ignored.length === 0 ? {} : { ignored_columns: ignored }),
  };
  const answered = { open, asked: made.value, answer, meta };
  const { written, unrecorded } = await writeAndRecord(deps, context, answered);
  const told = {
    ...(unrecorded === 0 ? {} : { unrecorded }),
    ...(await appendTo(deps, conversation, { ...answered, written })),
  };
  reportRows(deps, { answer, meta, rows: rows.length, startedMs, nowMs: deps.clock.now() });
  return respond(answered, told, { written, isInLines });
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

/** Rows that were answered. */
interface Answered {
  readonly open: OpenRows;
  readonly asked: AskedRows;
  readonly answer: RowsAnswer;
  readonly meta: RowsMeta;
}

/** Writes each row's result, and has those with an answer recorded behind it, once there is room. */
async function writeAndRecord(
  deps: HttpDeps,
  context: FlightContext,
  { open, asked: { rows, entities }, answer: { results }, meta }: Answered,
): Promise<{ readonly written: readonly string[]; readonly unrecorded: number }> {
  const ids: string[] = [];
  const newId = () => {
    const id = deps.newId();
    ids.push(id);
    return id;
  };
  const written = results.map(createResultWriter(meta, open.version, newId));
  const unrecorded = await recordAnswered(deps, context, { open, rows, results, ids, entities });
  return { written, unrecorded };
}

/** Appended before the answer leaves, which tells of it. */
async function appendTo(
  deps: HttpDeps,
  conversation: GivenBody["conversation"],
  { open, asked, answer, meta, written }: Answered & { readonly written: readonly string[] },
): Promise<Pick<RowsMeta, "conversation">> {
  if (conversation === undefined) return {};
  const { appendAnswered } = await import("./append-answered.ts");
  const { entities } = asked;
  const answers = { open, results: answer.results, written, entities };
  return { conversation: await appendAnswered(deps, meta.request_id, conversation, answers) };
}

function respond(
  { open, answer: { results, runMs }, meta }: Answered,
  told: Pick<RowsMeta, "conversation" | "unrecorded">,
  { written, isInLines }: { readonly written: readonly string[]; readonly isInLines: boolean },
): Response {
  const body = isInLines
    ? `${written.join("\n")}\n`
    : `{"results":[${written.join(",")}],"meta":${JSON.stringify({ ...meta, ...told })}}`;
  return new Response(body, {
    headers: {
      ...rowsHeaders(open, meta),
      "content-type": isInLines ? NDJSON_TYPE : "application/json",
      "cache-status": rowsCacheStatus(meta, results.length),
      "server-timing": `run;dur=${runMs}`,
    },
  });
}
