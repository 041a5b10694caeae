import { z } from "@hono/zod-openapi";
import { ID_ALPHABET, isEntityType, isOwnId, TYPE_ALPHABET } from "../../core/model/entity.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { EntityCondition } from "../../core/quality/entities/condition.ts";
import type { AppContext } from "../app-env.ts";
import type { Refusal } from "../problem.ts";

export const typeParams = z.object({
  type: z
    .string()
    .openapi({ description: `The kind of thing: ${TYPE_ALPHABET}.`, example: "match" }),
});

export const entityParams = typeParams.extend({
  id: z.string().openapi({ description: `The caller's own id: ${ID_ALPHABET}.`, example: "m-1" }),
});

export const conditionHeaders = z.object({
  "if-match": z.string().optional().openapi({ description: "Only while it is this one." }),
  "if-none-match": z.string().optional().openapi({ description: "`*`: only where there is none." }),
});

type Wrong = Refusal & { readonly reason: string };

const wrong = (detail: string): Result<never, Wrong> =>
  fail({ reason: "invalid_request", status: 400, code: "invalid_request", detail });

/** The type that a path names. */
export function entityTypeOf(c: AppContext): Result<string, Wrong> {
  const type = c.req.param("type") ?? "";
  return isEntityType(type)
    ? ok(type)
    : wrong(`'${type.slice(0, 60)}' is not a type: ${TYPE_ALPHABET}`);
}

/** A caller's own id in a path; `what` it is of. */
export function ownIdOf(c: AppContext, what: string): Result<string, Wrong> {
  const id = c.req.param("id") ?? "";
  return isOwnId(id)
    ? ok(id)
    : wrong(`'${id.slice(0, 60)}' is not an id of ${what}: ${ID_ALPHABET}`);
}

export function entityOf(
  c: AppContext,
): Result<{ readonly type: string; readonly id: string }, Wrong> {
  const type = entityTypeOf(c);
  if (!type.ok) return type;
  const id = ownIdOf(c, "an entity");
  return id.ok ? ok({ type: type.value, id: id.value }) : id;
}

/** The entity that a path names, and what must hold of it. */
export function guardedEntityOf(
  c: AppContext,
): Result<
  { readonly type: string; readonly id: string; readonly condition: EntityCondition },
  Wrong
> {
  const named = entityOf(c);
  if (!named.ok) return named;
  const condition = entityConditionOf(c);
  return condition.ok ? ok({ ...named.value, condition: condition.value }) : condition;
}

/** What `If-Match` and `If-None-Match` ask to hold (RFC 9110, section 13.1). */
function entityConditionOf(c: AppContext): Result<EntityCondition, Wrong> {
  // A proxy that compresses answers makes their ETag weak (RFC 9110, section 8.8.3.3).
  const match = c.req.header("if-match")?.replace(/^W\//, "");
  const noneMatch = c.req.header("if-none-match");
  if (noneMatch !== undefined) {
    if (noneMatch === "*" && match === undefined) return ok("absent");
    return wrong("send If-None-Match: * alone, or If-Match with an ETag or *");
  }
  if (match === undefined) return ok("any");
  if (match === "*") return ok("present");
  const rev = /^"(\d{1,15})"$/.exec(match)?.[1];
  if (rev !== undefined) return ok({ rev: Number(rev) });
  return wrong("If-Match must be the ETag of an entity as it came, or *; no list");
}
