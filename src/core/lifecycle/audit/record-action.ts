import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Digest } from "../../ports/digest.ts";
import type { Events } from "../../ports/events.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { sha256Of } from "../hash-bytes.ts";
import { type ChainHead, moveHead, readHead, writeDown } from "./chain-head.ts";
import { type AuditEntry, type AuditFailure, entryText, keyOf, textBytes } from "./entry.ts";

export interface AuditDeps {
  readonly store: ObjectStore;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly events: Events;
  /** 0 ≤ r < 1, for the jitter between tries. */
  readonly random: () => number;
  /** A ULID of this time (https://github.com/ulid/spec). */
  readonly newUlid: (atMs: number) => string;
}

/** What somebody is about to do. `params` hold no bytes of a model, no token and no secret. */
export interface AdminAction {
  readonly actor: string;
  readonly action: string;
  readonly model?: string | undefined;
  readonly target?: string | undefined;
  readonly requestId: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
}

const MAX_TRIES = 60;
const MAX_DELAY_MS = 400;
const FIRST_DELAY_MS = 10;

/** More is left out of an entry: the audit says what was done, it is no copy of it. */
const MAX_PARAMS_CHARS = 16_384;

/**
 * Writes an admin action to the end of the chain, before it is carried out: an entry says that
 * it was attempted, and no action is without one. The entry stands in the head itself, changed
 * by compare-and-swap, so a writer that dies after its one deciding PUT leaves an entry that the
 * next one writes down. Four I/O calls a try; a lost race is tried again with full jitter.
 * @returns `audit_unavailable` when the store does not take it: then the action must not happen
 */
export async function recordAction(
  deps: AuditDeps,
  action: AdminAction,
): Promise<Result<AuditEntry, AuditFailure>> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await pause(deps, tries);
    const recorded = await tryRecord(deps, action);
    if (recorded !== "lost") return recorded;
  }
  return unavailable({ detail: `others were faster at each of ${MAX_TRIES} tries` });
}

async function tryRecord(
  deps: AuditDeps,
  action: AdminAction,
): Promise<Result<AuditEntry, AuditFailure> | "lost"> {
  const { store, digest, events } = deps;
  const read = await readHead(store);
  if (!read.ok) return unavailable(read.failure);
  const { head, etag } = read.value;
  if (head !== undefined) {
    const written = await writeDown(store, head);
    if (!written.ok) return unavailable(written.failure);
  }
  const entry = await followingEntry(deps, head, action);
  const next: ChainHead = { key: keyOf(entry), text: entryText(entry), entry };
  const moved = await moveHead(store, next, etag === undefined ? "absent" : { etag });
  if (!moved.ok) {
    return moved.failure.reason === "precondition_lost" ? "lost" : unavailable(moved.failure);
  }
  // It is in the head already: should this fail, the next writer does it.
  await writeDown(store, next);
  const sha256 = await sha256Of(digest, textBytes(next.text));
  const { actor, model, target, requestId } = action;
  events.emit({
    kind: "audit_recorded",
    key: next.key,
    sha256,
    actor,
    action: action.action,
    requestId,
    ...(model === undefined ? {} : { model }),
    ...(target === undefined ? {} : { target }),
  });
  return ok(entry);
}

async function followingEntry(
  { digest, clock, newUlid }: AuditDeps,
  head: ChainHead | undefined,
  { actor, action, model, target, requestId, params, reason }: AdminAction,
): Promise<AuditEntry> {
  // A millisecond after the entry before, at least: keys then sort as the chain goes.
  const lastAtMs = head === undefined ? 0 : Date.parse(head.entry.at);
  const atMs = Math.max(clock.now(), lastAtMs + 1);
  const prev =
    head === undefined
      ? null
      : { key: head.key, sha256: await sha256Of(digest, textBytes(head.text)) };
  return {
    id: newUlid(atMs),
    at: new Date(atMs).toISOString(),
    actor,
    action,
    ...(model === undefined ? {} : { model }),
    ...(target === undefined ? {} : { target }),
    request_id: requestId,
    params: bounded(params),
    ...(reason === undefined ? {} : { reason }),
    prev,
  };
}

function bounded(params: AdminAction["params"]): Record<string, unknown> {
  const chars = JSON.stringify(params).length;
  return chars <= MAX_PARAMS_CHARS ? { ...params } : { left_out_chars: chars };
}

function pause({ clock, random }: AuditDeps, tries: number): Promise<void> {
  return clock.after(random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries)).done;
}

export const unavailable = ({
  detail,
  cause,
}: {
  readonly detail: string;
  readonly cause?: unknown;
}): Result<never, AuditFailure> => fail({ reason: "audit_unavailable", detail, cause });
