import type { Entity } from "../../core/model/entity.ts";
import type { EntityFailure } from "../../core/quality/entities/entity-failure.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import type { Refusal } from "../problem.ts";
import { REDIS_UNAVAILABLE, redisRefusalOf, refuseRedis } from "../redis-refusal.ts";
import { refuse } from "../refuse.ts";

/** An entity as callers see it. */
export const writeEntity = ({ type, id, state, features, outcome, ...rest }: Entity) => ({
  type,
  id,
  state,
  features,
  ...(outcome === undefined ? {} : { outcome }),
  created_at: new Date(rest.createdAtMs).toISOString(),
  updated_at: new Date(rest.updatedAtMs).toISOString(),
  rev: rest.rev,
});

export const etagOf = ({ rev }: Pick<Entity, "rev">): string => `"${rev}"`;

/** The status of each reason why an entity was not read or changed. */
export function entityRefusalOf(failure: EntityFailure): Refusal {
  const { reason: code, detail } = failure;
  switch (failure.reason) {
    case "entity_not_found":
      return { status: 404, code, detail };
    case "entity_finished":
      return { status: 409, code, detail };
    case "revision_conflict":
      return { status: 409, code, detail, retryAfterS: 1 };
    case "precondition_failed":
      return { status: 412, code, detail };
    case "settling_failed":
      return { ...REDIS_UNAVAILABLE, detail };
    case "unreachable":
    case "denied":
    case "refused":
    case "paused":
      return redisRefusalOf(failure);
  }
}

/** Answers why; what Redis said is for the log. */
export function refuseEntity(
  c: AppContext,
  deps: Pick<HttpDeps, "events">,
  failure: EntityFailure,
): Response {
  switch (failure.reason) {
    case "unreachable":
    case "denied":
    case "refused":
    case "paused":
      return refuseRedis(c, deps, failure);
    default:
      return refuse(c, entityRefusalOf(failure));
  }
}
