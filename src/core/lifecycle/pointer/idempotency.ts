import { type Deployment, moveSchema } from "../../model/deployment.ts";
import { historyKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";

/** A caller's `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), as the pointer keeps it. */
export interface IdempotencyKey {
  /** Of the key itself, hashed: it is the caller's own. */
  readonly key: string;
  /** Of what was asked for: the same key with another request is a mistake. */
  readonly request: string;
}

/** Moves whose key a pointer remembers: a repeat comes within seconds, and the document stays small. */
const KEPT_KEYS = 20;

/**
 * What the first request with this key made of the deployment, however often it was moved since;
 * `undefined` when there was none. One GET where it was not the last move.
 */
export async function findRepeated(
  store: ObjectStore,
  deployment: Deployment,
  asked: IdempotencyKey | undefined,
): Promise<Result<Deployment | undefined, RegistryFailure>> {
  const kept = deployment.recent_keys?.find(({ key }) => key === asked?.key);
  if (asked === undefined || kept === undefined) return ok(undefined);
  if (kept.request !== asked.request) {
    return fail({
      reason: "idempotency_key_reused",
      detail: `this Idempotency-Key was sent with another request (revision ${kept.rev}): take a new one for each`,
    });
  }
  const { model, last_move: last } = deployment;
  if (last?.rev === kept.rev) return ok({ ...deployment, rev: kept.rev, aliases: last.aliases });
  const entry = await readDocument(store, historyKey(model, kept.rev), moveSchema);
  if (entry.ok) return ok({ ...deployment, rev: kept.rev, aliases: entry.value.value.aliases });
  return fail({ reason: "store_unavailable", detail: entry.failure.detail });
}

/** The keys that a deployment remembers after one more move, oldest first. */
export function rememberKey(
  { recent_keys: kept = [] }: Deployment,
  asked: IdempotencyKey | undefined,
  rev: number,
): Pick<Deployment, "recent_keys"> {
  if (asked === undefined) return {};
  return { recent_keys: [...kept, { ...asked, rev }].slice(-KEPT_KEYS) };
}
