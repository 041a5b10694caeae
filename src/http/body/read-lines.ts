import { firstBadByte } from "../../core/model/first-bad-byte.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { AppContext } from "../app-env.ts";
import type { Refusal } from "../problem.ts";
import { readBody } from "./read-body.ts";

/** One line of a body that is not blank. */
export interface BodyLine {
  /** Counted from 1, blank ones too. */
  readonly line: number;
  readonly text: string;
}

type Refused = Refusal & { readonly reason: string };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Reads a body of lines, such as NDJSON, as a whole. */
export async function readLines(
  c: AppContext,
  { maxBytes, maxLines }: { readonly maxBytes: number; readonly maxLines: number },
): Promise<Result<readonly BodyLine[], Refused>> {
  const bytes = await readLimited(c, maxBytes);
  if (!bytes.ok) return bytes;
  let text: string;
  try {
    text = decoder.decode(bytes.value);
  } catch {
    return wrong(`the body is not UTF-8 at byte ${firstBadByte(bytes.value)}`);
  }
  const lines = linesOf(text);
  if (lines.length > maxLines) {
    return wrong(`the body has ${lines.length} lines: send ${maxLines} at most at a time`);
  }
  return lines.length === 0 ? wrong("the body has no lines") : ok(lines);
}

/** Millions of blank lines pack into a few bytes: they are not made into anything. */
function linesOf(text: string): readonly BodyLine[] {
  const lines: BodyLine[] = [];
  let line = 1;
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const one = end === start ? "" : text.slice(start, end).trim();
    if (one !== "") lines.push({ line, text: one });
    line += 1;
    start = end + 1;
  }
  return lines;
}

/** Reads a body that has a limit of its own, lower than MAX_BODY_BYTES. */
export async function readLimited(
  c: AppContext,
  maxBytes: number,
): Promise<Result<Uint8Array<ArrayBuffer>, Refused>> {
  const body = await readBody(c.req.raw, { maxBytes });
  if (body.ok) return body;
  const { reason } = body.failure;
  return reason === "body_too_large" ? tooLarge(maxBytes) : fail({ ...body.failure, code: reason });
}

export const tooLarge = (maxBytes: number): Result<never, Refused> =>
  fail({
    reason: "body_too_large",
    status: 413,
    code: "body_too_large",
    detail: `the body is larger than ${maxBytes} bytes: send it in several requests`,
  });

const wrong = (detail: string): Result<never, Refused> =>
  fail({ reason: "invalid_request", status: 400, code: "invalid_request", detail });
