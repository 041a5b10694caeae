import { unknownField } from "../core/model/tell-issue.ts";
import type { AppContext } from "./app-env.ts";
import type { Refusal } from "./problem.ts";

/**
 * Why a query is refused that has a name which the route does not know: a misspelt filter would
 * filter nothing, and nobody would be told.
 */
export function refuseUnknownQuery(c: AppContext, known: readonly string[]): Refusal | undefined {
  const stray = Object.keys(c.req.query()).find((name) => !known.includes(name));
  if (stray === undefined) return undefined;
  const detail = `the query's ${unknownField(stray, known)}`;
  return {
    status: 400,
    code: "invalid_request",
    detail,
    errors: [{ path: stray, message: detail }],
  };
}
