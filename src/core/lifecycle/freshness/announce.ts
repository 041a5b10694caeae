import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { SharedCache, SharedCacheFailure } from "../../ports/shared-cache.ts";
import { readDeployment } from "../read-deployment.ts";
import {
  CATALOG_KEY,
  EPOCH_KEY,
  LAST_ORDER_KEY,
  type Order,
  parsePointer,
  pointerKey,
} from "./shared-keys.ts";

export interface AnnounceDeps {
  readonly store: ObjectStore;
  readonly sharedCache: SharedCache;
}

const DEADLINE_MS = 2_000;
const ORDER_KEPT_MS = 24 * 60 * 60_000;

/**
 * Writes a model's pointer, as the store has it now, where every isolate looks: pointer first,
 * then the revision, so that nobody sees the second without the first. Does nothing when Redis
 * has it already. What is lost here the cron finds again. Never throws.
 */
export async function announcePointer(
  { store, sharedCache }: AnnounceDeps,
  model: string,
): Promise<"announced" | "known" | "unavailable"> {
  const read = await readDeployment(store, model);
  if (!read.ok && read.failure.reason !== "absent") return "unavailable";
  const pointer = read.ok ? { rev: read.value.value.rev, etag: read.value.etag } : ABSENT;
  const key = pointerKey(model);
  const shared = await sharedCache.get(key, DEADLINE_MS);
  if (!shared.ok) return "unavailable";
  if (parsePointer(shared.value)?.etag === pointer.etag) return "known";
  const written = await sharedCache.set(key, JSON.stringify(pointer), { deadlineMs: DEADLINE_MS });
  if (!written.ok) return "unavailable";
  const raised = await sharedCache.increment(CATALOG_KEY, DEADLINE_MS);
  return raised.ok ? "announced" : "unavailable";
}

/** No store gives an empty validator. */
const ABSENT = { rev: 0, etag: "" };

/** The epoch as Redis has it now; `undefined` when it does not say so in time. */
export async function readEpoch(
  sharedCache: SharedCache | undefined,
  deadlineMs: number,
): Promise<string | undefined> {
  const read = await sharedCache?.get(EPOCH_KEY, deadlineMs);
  return read?.ok ? (read.value ?? "0") : undefined;
}

/** Orders every isolate to do something at its next check. The new epoch. */
export async function raiseEpoch(
  sharedCache: SharedCache,
  order: Pick<Order, "what" | "model">,
): Promise<Result<number, SharedCacheFailure>> {
  const raised = await sharedCache.increment(EPOCH_KEY, DEADLINE_MS);
  if (!raised.ok) return raised;
  const text = JSON.stringify({ ...order, epoch: raised.value });
  const options = { deadlineMs: DEADLINE_MS, ttlMs: ORDER_KEPT_MS };
  const written = await sharedCache.set(LAST_ORDER_KEY, text, options);
  // Without the order isolates do the widest, which is right, too.
  return written.ok ? ok(raised.value) : fail(written.failure);
}
