import { firstBadByte } from "../../core/model/first-bad-byte.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import { isDeeperThan } from "./json-depth.ts";
import { locateJsonError } from "./locate-json-error.ts";

export interface JsonFailure {
  readonly reason: "invalid_json";
  readonly detail: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * Parses JSON (RFC 8259), as text or in UTF-8, nested at most `maxDepth` deep. A leading BOM is
 * skipped; of a repeated key the last one counts; `__proto__` is a key like another.
 * A failure says at which line and column (for text up to four million characters),
 * and repeats at most one character of it.
 */
export function parseJson(
  given: Uint8Array | string,
  { maxDepth }: { readonly maxDepth: number },
): Result<unknown, JsonFailure> {
  let text: string;
  try {
    text = typeof given === "string" ? given : decoder.decode(given);
  } catch {
    return invalid(`it is not UTF-8 at byte ${firstBadByte(given as Uint8Array)}`);
  }
  if (isDeeperThan(text, maxDepth)) return invalid(`it is nested more than ${maxDepth} deep`);
  try {
    return ok(JSON.parse(text));
  } catch {
    return invalid(/[^ \t\n\r]/.test(text) ? whatAndWhere(text) : "it is empty");
  }
}

const invalid = (what: string): Result<never, JsonFailure> =>
  fail({ reason: "invalid_json", detail: `the body is not valid JSON: ${what}` });

// Looking again costs up to 100 ns a character: no request is to buy seconds with it.
const LOCATE_MAX_CHARACTERS = 4_000_000;

function whatAndWhere(text: string): string {
  const spot = text.length > LOCATE_MAX_CHARACTERS ? undefined : locateJsonError(text);
  if (spot === undefined) return "syntax error";
  const { offset, expected } = spot;
  const found = offset === text.length ? "it ends" : `unexpected ${written(text, offset)}`;
  const { line, column } = placeOf(text, offset);
  return `${found} at line ${line}, column ${column}; expected ${expected}`;
}

/** Both counted from 1. */
function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) {
    line += 1;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

/** One character; what cannot be seen is written by its code point. */
function written(text: string, offset: number): string {
  const code = text.codePointAt(offset) ?? 0;
  return code > 0x20 && code < 0x7f
    ? `'${String.fromCodePoint(code)}'`
    : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
