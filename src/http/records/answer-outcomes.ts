import { fail, ok, type Result } from "../../core/model/result.ts";
import type { PredictionStore } from "../../core/ports/prediction-store.ts";
import {
  type OutcomeDeps,
  type OutcomeFailure,
  type SetResult,
  setOutcomes,
} from "../../core/quality/set-outcome.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { openBody } from "../predict/open-body.ts";
import { createLineReader, type LineReader } from "../predict/read-line-batches.ts";
import { formOf, NDJSON_TYPE } from "../predict/rows-form.ts";
import type { Line } from "../predict/split-lines.ts";
import type { Refusal } from "../problem.ts";
import { refuse } from "../refuse.ts";
import { outcomeRefusalOf, tellFailure } from "./outcome-answers.ts";
import {
  csvReader,
  type LineProblem,
  type ReadOutcome,
  readJsonOutcome,
} from "./read-outcome-lines.ts";
import { outcomeDepsOf } from "./records-deps.ts";

/** The lines that answer a batch, and why nothing more is done. */
interface Answered {
  readonly lines: readonly object[];
  readonly end?: Refusal;
}

/** The answer to the next batch; `undefined` at the end of the body. */
type NextAnswer = () => Promise<Answered | undefined>;

const encoder = new TextEncoder();

/**
 * Records a body of outcomes of any length, a batch when the reader of the answer asks for more.
 * What is wrong with the body as a whole, or a store that does not answer at its beginning, is a
 * refusal; later it is the last line. What has its line is kept.
 */
export async function answerOutcomes(
  c: AppContext,
  deps: HttpDeps,
  predictions: PredictionStore,
): Promise<Response> {
  const form = formOf(c.req.header("content-type"));
  if (form === "json") return refuse(c, NOT_LINES);
  const body = openBody(c.req.raw);
  if (!body.ok) return refuse(c, body.failure);
  const lines = createLineReader(body.value, deps.clock);
  const begun = await begin(lines, form === "csv");
  if (!begun.ok) {
    await lines.readOn();
    return refuse(c, { status: 400, code: begun.failure.reason, detail: begun.failure.detail });
  }
  const onSilence = (failure: OutcomeFailure) => tellFailure(deps, c.get("requestId"), failure);
  const next = answerInTurn(outcomeDepsOf(deps, predictions), lines, begun.value, onSilence);
  const first = await next();
  const isRefused = first?.end !== undefined && !first.lines.some(isDone);
  if (isRefused) {
    await lines.readOn();
    return refuse(c, first.end);
  }
  return new Response(writeAnswers(first, next, lines), {
    headers: { "content-type": NDJSON_TYPE },
  });
}

const NOT_LINES: Refusal = {
  status: 415,
  code: "unsupported_media_type",
  detail: "send lines of JSON as application/x-ndjson, or CSV with a header as text/csv",
};

interface Begun {
  readonly read: ReadOutcome;
  readonly first: readonly Line[];
  /** Lines before the first outcome. */
  readonly before: number;
}

async function begin(lines: LineReader, isCsv: boolean): Promise<Result<Begun, LineProblem>> {
  const batch = await lines.next();
  if (batch === "broken") return fail(BROKEN);
  const [header] = batch;
  if (header === undefined) {
    return fail({ reason: "invalid_request", detail: "there are no outcomes in the body" });
  }
  if (!isCsv) return ok({ read: readJsonOutcome, first: batch, before: 0 });
  const read = csvReader(header);
  return read.ok ? ok({ read: read.value, first: batch.slice(1), before: 1 }) : read;
}

const BROKEN: LineProblem = {
  reason: "bad_encoding",
  detail: "the body broke off before its end, or is damaged",
};

function answerInTurn(
  deps: OutcomeDeps,
  lines: LineReader,
  { read, first, before }: Begun,
  onSilence: (failure: OutcomeFailure) => void,
): NextAnswer {
  let ready = first.length === 0 ? undefined : first;
  let line = before + 1;
  return async () => {
    const batch = ready ?? (await lines.next());
    ready = undefined;
    if (batch === "broken") {
      return { lines: [], end: { status: 400, code: BROKEN.reason, detail: BROKEN.detail } };
    }
    if (batch.length === 0) return undefined;
    const answered = await answerBatch(deps, batch.map(read), line, onSilence);
    line += batch.length;
    return answered;
  };
}

async function answerBatch(
  deps: OutcomeDeps,
  given: readonly ReturnType<ReadOutcome>[],
  firstLine: number,
  onSilence: (failure: OutcomeFailure) => void,
): Promise<Answered> {
  const wishes = given.flatMap((one) => (one.ok ? [one.value] : []));
  const told = (await setOutcomes(deps, wishes)).values();
  const lines: object[] = [];
  for (const [index, one] of given.entries()) {
    const line = firstLine + index;
    if (!one.ok) {
      const { reason: code, detail } = one.failure;
      lines.push({ line, ok: false, error: { code, detail } });
      continue;
    }
    const set: SetResult | undefined = told.next().value;
    if (set === undefined) throw new Error("each outcome has an answer");
    if (!set.ok && set.failure.reason === "redis_unavailable") {
      onSilence(set.failure);
      return { lines, end: outcomeRefusalOf(set.failure) };
    }
    lines.push(
      set.ok ? { line, ok: true, ...set.value } : failedLine(line, one.value.id, set.failure),
    );
  }
  return { lines };
}

const failedLine = (line: number, id: string, { reason: code, detail }: OutcomeFailure) => ({
  line,
  ok: false,
  prediction_id: id,
  error: { code, detail },
});

const isDone = (line: object): boolean => "ok" in line && line.ok === true;

function writeAnswers(
  first: Answered | undefined,
  next: NextAnswer,
  lines: LineReader,
): ReadableStream<Uint8Array> {
  let ready = first;
  let isAtEnd = first === undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const answered = isAtEnd ? undefined : (ready ?? (await next()));
        ready = undefined;
        if (answered !== undefined) write(controller, answered);
        isAtEnd = answered === undefined || answered.end !== undefined;
        if (!isAtEnd) return;
        await lines.readOn();
        controller.close();
      },
      cancel: () => lines.cancel(),
    },
    // Nothing is recorded before its answer is asked for.
    { highWaterMark: 0 },
  );
}

function write(
  controller: ReadableStreamDefaultController<Uint8Array>,
  { lines, end }: Answered,
): void {
  const all =
    end === undefined
      ? lines
      : [...lines, { ok: false, final: true, error: { code: end.code, detail: end.detail } }];
  if (all.length === 0) return;
  controller.enqueue(encoder.encode(`${all.map((line) => JSON.stringify(line)).join("\n")}\n`));
}
