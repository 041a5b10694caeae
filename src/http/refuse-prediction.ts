import type { Reference } from "../core/model/reference.ts";
import type { FreshetEvent } from "../core/ports/events.ts";
import { type AskStickiness, type Resolved, resolveAlias } from "../core/routing/resolve.ts";
import type { AppContext } from "./app-env.ts";
import type { HttpDeps } from "./deps.ts";
import type { Refusal } from "./problem.ts";
import { refuse } from "./refuse.ts";

/** A prediction that gets no answer, as its log line needs it. */
export interface RefusedPrediction {
  readonly requestId: string;
  readonly startedMs: number;
  /** What was asked for; left out where it is no model's name. */
  readonly reference?: Reference | undefined;
  /** As it was asked for; left out where nothing holds a caller on a variant. */
  readonly stickiness?: AskStickiness | undefined;
  /** As the core knows it: the caller is told less where the trouble is the store's. */
  readonly failure?: { readonly detail: string; readonly cause?: unknown } | undefined;
  /** Of a stream that broke off: how many were answered. */
  readonly rows?: number | undefined;
}

type Teller = Pick<HttpDeps, "events" | "clock" | "serve">;

/** Refuses a prediction, and tells the log of it. */
export function refusePrediction(
  c: AppContext,
  deps: Teller,
  refused: Omit<RefusedPrediction, "requestId">,
  refusal: Refusal,
): Response {
  tellRefused(deps, { ...refused, requestId: c.get("requestId") }, refusal);
  return refuse(c, refusal);
}

/** Tells the log of a prediction that got no answer: one wide event, no data, no I/O. */
export function tellRefused(
  { events, clock, serve }: Teller,
  { requestId, startedMs, reference, stickiness, failure, rows }: RefusedPrediction,
  { status, code, detail }: Pick<Refusal, "status" | "code" | "detail">,
): void {
  const cause = failure?.cause;
  const event: Extract<FreshetEvent, { kind: "inference_refused" }> = {
    kind: "inference_refused",
    requestId,
    status,
    code,
    detail: failure?.detail ?? detail,
    ...(reference && { model: reference.model, ...chosen(serve, reference, stickiness) }),
    ...(rows === undefined ? {} : { rows }),
    durationMs: clock.now() - startedMs,
    ...(cause === undefined ? {} : { cause }),
  };
  events.emit(event);
}

/**
 * What the reference led to, worked out anew: a refusal is rare, and every answer would pay for
 * carrying it along. Nothing where it was chosen by lot, which cannot be drawn again.
 */
function chosen(
  { catalog }: HttpDeps["serve"],
  { model, selector }: Reference,
  stickiness: AskStickiness | undefined,
): Partial<Resolved> {
  if (selector.kind === "version") return { version: selector.version, route: selector.version };
  const deployment = catalog.get(model)?.deployment;
  if (deployment === undefined) return {};
  let isByLot = false;
  const random = () => {
    isByLot = true;
    return 0;
  };
  const resolved = resolveAlias(deployment, selector.alias, () => ({ ...stickiness?.(), random }));
  return resolved.ok && !isByLot ? resolved.value : {};
}
