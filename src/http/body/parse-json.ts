import { fail, ok, type Result } from "../../core/model/result.ts";

export interface JsonFailure {
  readonly reason: "invalid_json";
  readonly detail: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Parses JSON in UTF-8 (RFC 8259), nested at most `maxDepth` deep. A leading BOM is skipped. */
export function parseJson(
  bytes: Uint8Array,
  { maxDepth }: { readonly maxDepth: number },
): Result<unknown, JsonFailure> {
  if (isDeeperThan(bytes, maxDepth)) return invalid(`it is nested more than ${maxDepth} deep`);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return invalid("it is not UTF-8");
  }
  try {
    return ok(JSON.parse(text));
  } catch (error) {
    return invalid(text.trim() === "" ? "it is empty" : where(error));
  }
}

const invalid = (what: string): Result<never, JsonFailure> =>
  fail({ reason: "invalid_json", detail: `the body is not valid JSON: ${what}` });

/** The engine's message quotes the body: only its position is passed on. */
function where(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `syntax error at character ${position}`;
  if (/end of JSON/i.test(message)) return "it ends too early";
  const token = /^Unexpected token '(.)'/u.exec(message)?.[1];
  return token === undefined ? "syntax error" : `syntax error, unexpected '${token}'`;
}

/** Counts brackets outside strings before anything recurses. */
function isDeeperThan(bytes: Uint8Array, maxDepth: number): boolean {
  // Every level costs a byte to open: a short body cannot be deep.
  if (bytes.length <= maxDepth) return false;
  let depth = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === QUOTE) index = endOfString(bytes, index + 1);
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) depth += 1;
    else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}

/** Index of the closing quote, or past the end. */
function endOfString(bytes: Uint8Array, start: number): number {
  let index = start;
  while (index < bytes.length && bytes[index] !== QUOTE)
    index += bytes[index] === BACKSLASH ? 2 : 1;
  return index;
}
