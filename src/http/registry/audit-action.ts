import { ulid } from "ulid";
import type { AuditFailure } from "../../core/lifecycle/audit/entry.ts";
import { recordAction } from "../../core/lifecycle/audit/record-action.ts";
import type { Mover } from "../../core/lifecycle/pointer/move-pointer.ts";
import type { RegistryFailure } from "../../core/lifecycle/registry-failure.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { readIdempotencyKey } from "./idempotency-key.ts";
import { moverOf } from "./mover.ts";

/** What a route is about to do. `params` hold no bytes of a model, no token and no secret. */
export interface AuditedAction {
  /** A verb of docs/integrity.md's table. */
  readonly action: string;
  readonly model?: string;
  /** An alias, a version, a digest, an upload. */
  readonly target?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
}

/**
 * Writes an admin action to the audit and gives who acts: a route has no other way to its mover,
 * so none can act without an entry. Called once the request is parsed, before anything is done.
 * On failure nothing may be done.
 */
export async function auditAction(
  c: AppContext,
  deps: Pick<HttpDeps, "store" | "digest" | "clock" | "events" | "random">,
  { action, model, target, params = {}, reason }: AuditedAction,
): Promise<Result<Mover, RegistryFailure>> {
  const { store, digest, clock, events, random } = deps;
  const asked = [action, model, target, params, reason];
  const idempotency = await readIdempotencyKey(c, digest, asked);
  if (!idempotency.ok) return idempotency;
  const mover = { ...moverOf(c, reason), idempotency: idempotency.value };
  const recorded = await recordAction(
    { store, digest, clock, events, random, newUlid: ulid },
    { actor: mover.actor, action, model, target, requestId: c.get("requestId"), params, reason },
  );
  if (recorded.ok) return ok(mover);
  tellAuditFailure(c, deps, recorded.failure);
  return recorded;
}

/** The caller hears that it failed; the log hears why. */
export function tellAuditFailure(
  c: AppContext,
  { events }: Pick<HttpDeps, "events">,
  { reason, detail, cause }: AuditFailure,
): void {
  const requestId = c.get("requestId");
  events.emit({ kind: "request_failed", requestId, status: 503, reason, detail, cause });
}
