import type { AppContext } from "./app-env.ts";
import type { HttpDeps } from "./deps.ts";
import { refuse } from "./refuse.ts";

/** A bug: the caller gets an id to report, the log gets the rest. */
export function refuseBug(deps: Pick<HttpDeps, "events">, error: Error, c: AppContext): Response {
  const requestId = c.get("requestId");
  deps.events.emit({
    kind: "request_failed",
    requestId,
    status: 500,
    reason: "internal_error",
    detail: `${c.req.method} ${c.req.routePath}`,
    cause: error,
  });
  const detail = `something went wrong inside Freshet; the log has it under request id ${requestId}`;
  return refuse(c, { status: 500, code: "internal_error", detail });
}
