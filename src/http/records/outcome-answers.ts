import type { KeptPrediction } from "../../core/ports/prediction-store.ts";
import type { OutcomeFailure } from "../../core/quality/set-outcome.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import type { Refusal } from "../problem.ts";
import { redisRefusalOf } from "../redis-refusal.ts";
import { refuse } from "../refuse.ts";

/** A record as callers see it. */
export function writePrediction({ record, outcome, rev }: KeptPrediction) {
  if (outcome === undefined) return { ...record, rev };
  const { label } = record.output;
  const correct = label === undefined ? {} : { correct: label === outcome.value };
  return { ...record, outcome, ...correct, rev };
}

/** The status of each reason why an outcome was not recorded, or records were not read. */
export function outcomeRefusalOf(failure: OutcomeFailure): Refusal {
  const { reason: code, detail } = failure;
  switch (code) {
    case "prediction_not_found":
      return { status: 404, code, detail };
    case "outcome_conflict":
    case "outcome_pending":
      return { status: 409, code, detail };
    case "outcome_invalid":
      return { status: 422, code, detail };
    case "redis_unavailable":
      return redisRefusalOf(failure.cause, detail);
  }
}

/** Answers why; what Redis said is for the log. */
export function refuseOutcome(
  c: AppContext,
  { events }: Pick<HttpDeps, "events">,
  failure: OutcomeFailure,
): Response {
  const refusal = outcomeRefusalOf(failure);
  tellFailure({ events }, c.get("requestId"), failure);
  return refuse(c, refusal);
}

/** Tells the log of a store that did not answer. */
export function tellFailure(
  { events }: Pick<HttpDeps, "events">,
  requestId: string,
  failure: OutcomeFailure,
): void {
  if (failure.reason !== "redis_unavailable") return;
  const { reason, detail, cause } = failure.cause;
  events.emit({ kind: "request_failed", requestId, status: 503, reason, detail, cause });
}
