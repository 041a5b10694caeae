import { parseReferenceWord, type Reference } from "../../core/model/reference.ts";
import { makeRows } from "../../core/predict/rows/given-rows.ts";
import { type OpenRows, openRows, type RowsRequest } from "../../core/predict/rows/open-rows.ts";
import { predictRows, type RowsAnswer } from "../../core/predict/rows/predict-rows.ts";
import type { AppContext } from "../app-env.ts";
import { cacheWishOf } from "../cache-wish.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { refuse, refuseServe } from "../refuse.ts";
import { readGivenRows } from "./read-given-rows.ts";
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
  const given = await readGivenRows(c.req.raw, form, deps.settings);
  if (!given.ok) return refuse(c, given.failure);
  const context = flightContext(c, deps.clock);
  const open = await openRows(deps.serve, context, requestOf(c, deps, reference, true));
  if (!open.ok) return refuse(c, rowsRefusalOf(open.failure));
  const made = makeRows(open.value.rows, given.value, how.ignoresUnknown);
  if (!made.ok) return refuse(c, rowsRefusalOf(made.failure));
  const { rows, ignored } = made.value;
  const columns = given.value.kind === "columns" ? "columns" : "rows";
  const reading = { ...how, form: columns, first: how.offset } as const;
  const answer = await predictRows(deps.serve, context, open.value, rows, reading);
  const failure = failureOfAll(answer.results);
  if (failure !== undefined) return refuseServe(c, failure);
  const { results } = answer;
  const meta = {
    ...rowsMetaOf(open.value, answer, c.get("requestId")),
    ...(ignored.length === 0 ? {} : { ignored_columns: ignored }),
  };
  reportRows(deps, { answer, meta, rows: rows.length, startedMs, nowMs: deps.clock.now() });
  const ids: string[] = [];
  const isInLines = wantsLines(form, c.req.header("accept"));
  const body = write(open.value, answer, meta, isInLines, () => {
    const id = deps.newId();
    ids.push(id);
    return id;
  });
  recordAnswered(deps, context, { open: open.value, rows, results, ids });
  return respond(open.value, meta, answer, { body, isInLines });
}

const respond = (
  open: OpenRows,
  meta: RowsMeta,
  { results, runMs }: RowsAnswer,
  { body, isInLines }: { readonly body: string; readonly isInLines: boolean },
): Response =>
  new Response(body, {
    headers: {
      ...rowsHeaders(open, meta),
      "content-type": isInLines ? NDJSON_TYPE : "application/json",
      "cache-status": rowsCacheStatus(meta, results.length),
      "server-timing": `run;dur=${runMs}`,
    },
  });

function write(
  open: OpenRows,
  { results }: RowsAnswer,
  meta: RowsMeta,
  isInLines: boolean,
  newId: () => string,
): string {
  const written = results.map(createResultWriter(meta, open.version, newId));
  return isInLines
    ? `${written.join("\n")}\n`
    : `{"results":[${written.join(",")}],"meta":${JSON.stringify(meta)}}`;
}
