import { parseAccept } from "hono/utils/accept";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { RowsReading } from "../../core/predict/rows/predict-rows.ts";

/** How a body gives its rows. */
export type RowsForm = "json" | "csv" | "ndjson";

const NDJSON = new Set(["application/x-ndjson", "application/ndjson", "application/jsonl"]);

export const NDJSON_TYPE = "application/x-ndjson";

/** By Content-Type; whatever is neither CSV nor lines is JSON, as `curl -d` calls it a form. */
export function formOf(contentType: string | undefined): RowsForm {
  const type = typeOf(contentType);
  if (NDJSON.has(type)) return "ndjson";
  return type === "text/csv" ? "csv" : "json";
}

/**
 * Whether an answer is wanted as lines: that of lines always is. By the weights of `Accept` (RFC
 * 9110, section 12.5.1): where lines are named, and JSON is not liked better.
 */
export function wantsLines(form: RowsForm, accept = ""): boolean {
  if (form === "ndjson") return true;
  const ranges = parseAccept(accept).map(({ type, q }) => ({ type: type.toLowerCase(), q }));
  const lines = Math.max(0, ...ranges.flatMap(({ type, q }) => (NDJSON.has(type) ? [q] : [])));
  // The closest range that has JSON in it counts.
  const json = JSON_RANGES.flatMap((range) => ranges.filter(({ type }) => type === range))[0]?.q;
  return lines > 0 && lines >= (json ?? 0);
}

const JSON_RANGES = ["application/json", "application/*", "*/*"];

const typeOf = (header: string | undefined): string =>
  (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";

export interface HowToRead extends Pick<RowsReading, "ignoresUnknown" | "isText"> {
  /** Rows that came before, in other requests: paths count from there. */
  readonly offset: number;
}

export interface BadQuery {
  readonly reason: "invalid_request";
  readonly detail: string;
}

/**
 * Reads `?unknown=refuse|ignore` (columns that the model has not; CSV ignores them unless told
 * otherwise), `?values=typed|text` (whether text may stand for numbers; in CSV it always does) and
 * `?offset=N` (rows of the same file that other requests had).
 */
export function readHow(
  form: RowsForm,
  query: (name: string) => string | undefined,
): Result<HowToRead, BadQuery> {
  const unknown = query("unknown") ?? (form === "csv" ? "ignore" : "refuse");
  if (unknown !== "ignore" && unknown !== "refuse") return bad("unknown", "refuse or ignore");
  const values = query("values") ?? (form === "csv" ? "text" : "typed");
  if (values !== "text" && values !== "typed") return bad("values", "typed or text");
  const offset = query("offset") ?? "0";
  if (!/^\d{1,15}$/.test(offset)) return bad("offset", "a whole number from 0");
  return ok({
    ignoresUnknown: unknown === "ignore",
    isText: form === "csv" || values === "text",
    offset: Number(offset),
  });
}

const bad = (name: string, words: string) =>
  fail({ reason: "invalid_request", detail: `the query's '${name}' must be ${words}` });
