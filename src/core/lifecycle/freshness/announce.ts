import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { isCount, type SharedCache, type SharedCacheFailure } from "../../ports/shared-cache.ts";
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
 * has it already, but for counters that are none: they are mended. What is lost here the cron
 * finds again. Never throws.
 */
export async function announcePointer(
  { store, sharedCache }: AnnounceDeps,
  model: string,
): Promise<"announced" | "known" | "unavailable"> {
  const read = await readDeployment(store, model);
  if (!read.ok && read.failure.reason !== "absent") return "unavailable";
  const pointer = read.ok ? { rev: read.value.value.rev, etag: read.value.etag } : ABSENT;
  const key = pointerKey(model);
  const shared = await sharedCache.getMany([key, ...COUNTER_KEYS], DEADLINE_MS);
  if (!shared.ok) return "unavailable";
  const [known, ...counters] = shared.value;
  if (!counters.every(isCount)) await sharedCache.mendCounters(COUNTER_KEYS, DEADLINE_MS);
  if (parsePointer(known)?.etag === pointer.etag) return "known";
  const written = await sharedCache.set(key, JSON.stringify(pointer), { deadlineMs: DEADLINE_MS });
  if (!written.ok) return "unavailable";
  const raised = await raiseCounter(sharedCache, CATALOG_KEY);
  return raised.ok ? "announced" : "unavailable";
}

const COUNTER_KEYS = [CATALOG_KEY, EPOCH_KEY];

/**
 * Makes counts of the catalog's revision and the epoch where they are none: while they are not,
 * isolates that go by them do not follow. One command, two where there is something to mend, or
 * where nobody has counted yet. Never throws.
 */
export async function mendCounters(sharedCache: SharedCache, deadlineMs: number): Promise<void> {
  const read = await sharedCache.getMany(COUNTER_KEYS, deadlineMs);
  if (read.ok && !read.value.every(isCount)) {
    await sharedCache.mendCounters(COUNTER_KEYS, deadlineMs);
  }
}

async function raiseCounter(
  sharedCache: SharedCache,
  key: string,
): Promise<Result<number, SharedCacheFailure>> {
  const raised = await sharedCache.increment(key, DEADLINE_MS);
  if (raised.ok || raised.failure.reason !== "refused") return raised;
  const mended = await sharedCache.mendCounters([key], DEADLINE_MS);
  // Where it was a count, Redis has refused for another reason.
  return mended.ok && mended.value > 0 ? sharedCache.increment(key, DEADLINE_MS) : raised;
}

/** No store gives an empty validator. */
const ABSENT = { rev: 0, etag: "" };

/** The epoch as Redis has it now; `undefined` when it does not say so in time, or has none. */
export async function readEpoch(
  sharedCache: SharedCache | undefined,
  deadlineMs: number,
): Promise<string | undefined> {
  const read = await sharedCache?.get(EPOCH_KEY, deadlineMs);
  if (read?.ok !== true) return undefined;
  const epoch = read.value ?? "0";
  return isCount(epoch) ? epoch : undefined;
}

/** Orders every isolate to do something at its next check. The new epoch. */
export async function raiseEpoch(
  sharedCache: SharedCache,
  order: Pick<Order, "what" | "model">,
): Promise<Result<number, SharedCacheFailure>> {
  const raised = await raiseCounter(sharedCache, EPOCH_KEY);
  if (!raised.ok) return raised;
  const text = JSON.stringify({ ...order, epoch: raised.value });
  const options = { deadlineMs: DEADLINE_MS, ttlMs: ORDER_KEPT_MS };
  const written = await sharedCache.set(LAST_ORDER_KEY, text, options);
  // Without the order isolates do the widest, which is right, too.
  return written.ok ? ok(raised.value) : fail(written.failure);
}
