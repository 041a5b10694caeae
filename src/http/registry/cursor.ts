import { fail, ok, type Result } from "../../core/model/result.ts";

interface PagingProblem {
  readonly reason: "invalid_request";
  readonly detail: string;
}

/** A place in a list, opaque to callers. */
export const writeCursor = (place: string | number): string =>
  btoa(String(place)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** The place that a cursor stands for; `undefined` without one. */
export function readCursor(cursor: string | undefined): Result<string | undefined, PagingProblem> {
  if (cursor === undefined) return ok(undefined);
  try {
    return ok(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return problem("cursor is not one of this list's: pass next_cursor back as it came");
  }
}

/** A place that is a number: a revision or a version. */
export function readNumberCursor(
  cursor: string | undefined,
): Result<number | undefined, PagingProblem> {
  const place = readCursor(cursor);
  if (!place.ok || place.value === undefined) return place.ok ? ok(undefined) : place;
  if (/^\d{1,16}$/.test(place.value)) return ok(Number(place.value));
  return problem("cursor is not one of this list's: pass next_cursor back as it came");
}

/** `limit` of a query, within bounds. */
export function readLimit(
  text: string | undefined,
  { fallback, max }: { readonly fallback: number; readonly max: number },
): Result<number, PagingProblem> {
  if (text === undefined) return ok(fallback);
  const limit = Number(text);
  if (/^\d{1,6}$/.test(text) && limit >= 1 && limit <= max) return ok(limit);
  return problem(`limit must be a whole number from 1 to ${max}`);
}

const problem = (detail: string) => fail({ reason: "invalid_request", detail });
