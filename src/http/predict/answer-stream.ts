import { openRows, type RowsRequest } from "../../core/predict/rows/open-rows.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { tellRefused } from "../refuse-prediction.ts";
import { openBody } from "./open-body.ts";
import { createLineReader } from "./read-line-batches.ts";
import { recordStreamed } from "./record-answered.ts";
import { type RefuseRows, rowsRefusalOf } from "./refuse-rows.ts";
import { reportRows } from "./report-rows.ts";
import { type HowToRead, NDJSON_TYPE } from "./rows-form.ts";
import { type RowsMeta, rowsHeaders, rowsMetaOf } from "./rows-response.ts";
import { type StreamHooks, streamLines } from "./stream-lines.ts";
import { createResultWriter, writeResults } from "./write-results.ts";

/** Answers lines of rows by lines of results, of one version, in constant memory. */
export async function answerStream(
  c: AppContext,
  deps: HttpDeps,
  request: RowsRequest,
  how: HowToRead,
  refuse: RefuseRows,
): Promise<Response> {
  const startedMs = deps.clock.now();
  const requestId = c.get("requestId");
  const body = openBody(c.req.raw);
  if (!body.ok) return refuse(body.failure);
  const context = flightContext(c, deps.clock);
  const open = await openRows(deps.serve, context, request);
  if (!open.ok) return refuse(rowsRefusalOf(open.failure), open.failure);
  let meta: RowsMeta | undefined;
  const hooks: StreamHooks = {
    write: (answer) => {
      meta = rowsMetaOf(open.value, answer, requestId);
      const write = createResultWriter(meta, open.value.version);
      return async ({ rows, results }) => {
        const ids = results.filter((result) => result.ok).map(() => deps.newId());
        const answered = { open: open.value, rows, results, ids };
        return writeResults(write, results, ids, await recordStreamed(deps, context, answered));
      };
    },
    onEnd: (rows, broken) => {
      if (broken !== undefined) {
        const { failure } = broken;
        return tellRefused(deps, { ...request, requestId, startedMs, failure, rows }, broken);
      }
      const { modelCache } = open.value;
      const nowMs = deps.clock.now();
      if (meta !== undefined)
        reportRows(deps, { answer: { modelCache }, meta, rows, startedMs, nowMs });
    },
    onBug: (cause) => {
      const detail = `something went wrong inside Freshet; the log has it under request id ${requestId}`;
      const reason = "internal_error";
      deps.events.emit({ kind: "request_failed", requestId, status: 500, reason, detail, cause });
      return { status: 500, code: reason, detail };
    },
  };
  const lines = createLineReader(body.value, deps.clock);
  const reading = { deps: deps.serve, context, open: open.value, ...how };
  const streamed = await streamLines(reading, lines, hooks);
  if (!streamed.ok) return refuse(streamed.failure, streamed.failure.failure);
  const first = meta ?? rowsMetaOf(open.value, streamed.value.first, requestId);
  return new Response(streamed.value.body, {
    headers: { ...rowsHeaders(open.value, first), "content-type": NDJSON_TYPE },
  });
}
