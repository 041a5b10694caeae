import { findInexactNumber } from "../../core/model/inexact-number.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import { parseJson } from "./parse-json.ts";

/** Why a text is not taken, as a refusal says it. */
export interface UnkeptJson {
  readonly reason: "invalid_json" | "invalid_request";
  readonly code: "invalid_json" | "invalid_request";
  readonly status: 400;
  readonly detail: string;
}

const decoder = new TextDecoder();

/**
 * Parses JSON that is to be kept, as `parseJson` does, and refuses numbers that would be kept as
 * other ones.
 * @param what what a message calls the whole: `body`, `line`, `line 3`
 */
export function parseExactJson(
  given: Uint8Array | string,
  { maxDepth, what }: { readonly maxDepth: number; readonly what: string },
): Result<unknown, UnkeptJson> {
  const parsed = parseJson(given, { maxDepth });
  if (!parsed.ok) return refused("invalid_json", inWordsOf(what, parsed.failure.detail));
  const text = typeof given === "string" ? given : decoder.decode(given);
  const inexact = findInexactNumber(text);
  if (inexact === undefined) return ok(parsed.value);
  const { path, message } = inexact;
  const place = path === "" ? subjectOf(what) : `${what}.${path}`;
  return refused("invalid_request", `${place} ${message}`);
}

const subjectOf = (what: string): string => (/\d$/.test(what) ? what : `the ${what}`);

/** A line has no lines in it. */
const inWordsOf = (what: string, detail: string): string =>
  what === "body"
    ? detail
    : detail
        .replace(/^the body /, `${subjectOf(what)} `)
        .replace(" at line 1, column", " at column");

const refused = (reason: UnkeptJson["reason"], detail: string): Result<never, UnkeptJson> =>
  fail({ reason, code: reason, status: 400, detail });
