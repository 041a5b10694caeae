import { fail, ok, type Result } from "../../core/model/result.ts";
import type { RowsAnswer } from "../../core/predict/rows/predict-rows.ts";
import type { Refusal } from "../problem.ts";
import {
  type AnsweredLines,
  answerLines,
  type LinesReading,
  type RefusedLines,
  refusalOfFirst,
} from "./answer-lines.ts";
import type { LineReader } from "./read-line-batches.ts";

export interface StreamedRows {
  /** The first batch: what its headers tell. */
  readonly first: RowsAnswer;
  readonly body: ReadableStream<Uint8Array>;
}

type WriteLines = (answer: AnsweredLines) => Promise<readonly string[]>;

export interface StreamHooks {
  /** Told of the first batch; makes the lines of each, once what is to be known of it is. */
  readonly write: (first: RowsAnswer) => WriteLines;
  /** Called once, with the rows that were answered, however the stream ends; with why, where it broke off. */
  readonly onEnd: (rows: number, broken?: RefusedLines) => void;
  /** Told of a bug; answers what the caller is told. */
  readonly onBug: (cause: unknown) => Refusal;
}

/** The answer to the next batch; `undefined` at the end. */
type NextAnswer = () => Promise<Result<AnsweredLines | undefined, RefusedLines>>;

const encoder = new TextEncoder();

/**
 * Answers a body of lines with a body of lines, in order, a batch when the reader of the answer
 * asks for more: memory stays the same for any size. The first batch is answered before the
 * stream begins, so that what is wrong with the request as a whole is a refusal. What goes
 * wrong later is the last line, `{"ok":false,"final":true,"error":{…}}`.
 */
export async function streamLines(
  reading: LinesReading,
  lines: LineReader,
  hooks: StreamHooks,
): Promise<Result<StreamedRows, RefusedLines>> {
  const next = answerInTurn(reading, lines);
  const begun = await next();
  if (!begun.ok) {
    await lines.readOn();
    return begun;
  }
  const first = begun.value;
  if (first === undefined) return refused(400, "invalid_request", "there are no rows in the body");
  // Of a file in several requests only the very first line speaks for all.
  const refusal = reading.offset === 0 ? refusalOfFirst(first) : undefined;
  if (refusal === undefined) return ok({ first, body: writeAnswers(first, next, lines, hooks) });
  await lines.readOn();
  return fail({ ...refusal, reason: refusal.code });
}

function answerInTurn(reading: LinesReading, lines: LineReader): NextAnswer {
  let answered = reading.offset;
  return async () => {
    const batch = await lines.next();
    if (batch === "broken") {
      return refused(400, "bad_encoding", "the body broke off before its end, or is damaged");
    }
    if (batch.length === 0) return ok(undefined);
    const answer = await answerLines(reading, batch, answered);
    answered += batch.length;
    return answer;
  };
}

function writeAnswers(
  first: AnsweredLines,
  next: NextAnswer,
  lines: LineReader,
  { write: writerFor, onEnd, onBug }: StreamHooks,
): ReadableStream<Uint8Array> {
  const write = writerFor(first);
  let ready: AnsweredLines | undefined = first;
  let rows = 0;
  const writeNext = async (): Promise<Result<readonly string[] | undefined, RefusedLines>> => {
    const answer = ready === undefined ? await next() : ok(ready);
    ready = undefined;
    if (!answer.ok) return answer;
    return ok(answer.value && (await write(answer.value)));
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const written = await writeNext().catch((cause) => failed(onBug(cause)));
        if (written.ok && written.value !== undefined) {
          rows += written.value.length;
          controller.enqueue(encoder.encode(`${written.value.join("\n")}\n`));
          return;
        }
        if (!written.ok) {
          controller.enqueue(lastLine(written.failure));
          lines.cancel();
        }
        controller.close();
        onEnd(rows, written.ok ? undefined : written.failure);
      },
      cancel() {
        lines.cancel();
        onEnd(rows);
      },
    },
    // Nothing is answered before it is asked for.
    { highWaterMark: 0 },
  );
}

const lastLine = ({ code, detail }: Refusal): Uint8Array =>
  encoder.encode(`${JSON.stringify({ ok: false, final: true, error: { code, detail } })}\n`);

const failed = (refusal: Refusal) => fail<RefusedLines>({ ...refusal, reason: refusal.code });

const refused = (status: number, code: string, detail: string) => failed({ status, code, detail });
