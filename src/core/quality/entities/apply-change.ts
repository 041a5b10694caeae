import type { EntityChange, EntityContent } from "../../model/entity.ts";
import { fail, ok, type Result } from "../../model/result.ts";

export interface EntityFinished {
  readonly reason: "entity_finished";
  readonly detail: string;
}

/**
 * What an entity is after a change: the very same value when nothing changes, so that a change
 * sent again is none. A finished one keeps its outcome unless the change says `replace`.
 */
export function applyChange(
  current: EntityContent | undefined,
  change: EntityChange,
  nowMs: number,
): Result<EntityContent, EntityFinished> {
  const state = change.state ?? current?.state ?? "open";
  const features = change.features ?? current?.features ?? {};
  const outcome = change.state === undefined ? current?.outcome : change.outcome;
  if (current === undefined) {
    return ok({ state, features, ...told(outcome), createdAtMs: nowMs, updatedAtMs: nowMs });
  }
  const isSameOutcome = state === current.state && outcome === current.outcome;
  if (current.state === "finished" && !isSameOutcome && change.replace !== true) {
    const what = state === "open" ? "is not opened again" : "is not given another outcome";
    return finished(current.outcome, what);
  }
  if (isSameOutcome && JSON.stringify(features) === JSON.stringify(current.features)) {
    return ok(current);
  }
  const { createdAtMs } = current;
  // A clock that is behind another isolate's does not turn the time back.
  const updatedAtMs = Math.max(nowMs, current.updatedAtMs);
  return ok({ state, features, ...told(outcome), createdAtMs, updatedAtMs });
}

const told = (outcome: EntityContent["outcome"]) => (outcome === undefined ? {} : { outcome });

const MAX_TOLD = 100;

function finished(outcome: EntityContent["outcome"], what: string) {
  const told = JSON.stringify(outcome) ?? "none";
  const clipped = told.length > MAX_TOLD ? `${told.slice(0, MAX_TOLD)}…` : told;
  return fail({
    reason: "entity_finished",
    detail: `the entity is finished, with the outcome ${clipped}: it ${what} unless the request says "replace": true`,
  });
}
