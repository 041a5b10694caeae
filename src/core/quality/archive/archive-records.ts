import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { predictionsKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Bytes } from "../../model/tensor.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Gzip } from "../../ports/gzip.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { KeptPrediction, PredictionStore } from "../../ports/prediction-store.ts";
import { STORE_DEADLINE_MS } from "../set-outcome.ts";

/** Records of one round; an object has those of one hour among them. */
const ROUND_RECORDS = 500;
const PUT_DEADLINE_MS = 30_000;

export interface ArchiveDeps {
  readonly predictions: PredictionStore;
  readonly store: ObjectStore;
  readonly gzip: Gzip;
  readonly clock: Pick<Clock, "now">;
  readonly newId: () => string;
}

/** What one run of the archive did. */
export interface ArchiveReport {
  /** Lines written: records that were new, or whose outcome was. */
  readonly records: number;
  readonly objects: number;
  /** Everything that waited is written. */
  readonly done: boolean;
  /** Why it stopped before that, unless its time was over. */
  readonly failure?: { readonly reason: string; readonly detail: string };
}

interface ArchiveFailure {
  readonly reason: string;
  readonly detail: string;
}

/**
 * Writes records into the bucket: gzip of a line of JSON each, by the hour in which they were
 * answered. A record whose outcome comes later is written again, with a higher `rev`. At least
 * once: whoever dies between writing and marking leaves lines that are written once more, so
 * readers take of each `id` the line with the highest `rev`. What waits is known to Redis: the next
 * run goes on from there. Three round trips for 500 records, and one PUT for each hour among them.
 */
export async function archiveRecords(
  deps: ArchiveDeps,
  { budgetMs }: { readonly budgetMs: number },
): Promise<ArchiveReport> {
  const endMs = deps.clock.now() + budgetMs;
  let [records, objects] = [0, 0];
  while (deps.clock.now() < endMs) {
    const round = await archiveRound(deps);
    if (!round.ok) {
      const { reason, detail } = round.failure;
      return { records, objects, done: false, failure: { reason, detail } };
    }
    records += round.value.records;
    objects += round.value.objects;
    if (round.value.isLast) return { records, objects, done: true };
  }
  return { records, objects, done: false };
}

interface Round {
  readonly records: number;
  readonly objects: number;
  readonly isLast: boolean;
}

async function archiveRound(deps: ArchiveDeps): Promise<Result<Round, ArchiveFailure>> {
  const { predictions } = deps;
  const found = await predictions.unarchived(ROUND_RECORDS, STORE_DEADLINE_MS);
  if (!found.ok) return silent(found.failure);
  // Expired ones were left out of what there was: only nothing at all is the end.
  if (found.value.length === 0) return ok({ records: 0, objects: 0, isLast: true });
  const hours = byHour(found.value);
  for (const [hour, kept] of hours) {
    const written = await writeHour(deps, hour, kept);
    if (!written.ok) return written;
  }
  return ok({ records: found.value.length, objects: hours.size, isLast: false });
}

async function writeHour(
  { predictions, store, gzip, newId }: ArchiveDeps,
  hour: string,
  kept: readonly KeptPrediction[],
): Promise<Result<undefined, ArchiveFailure>> {
  const text = kept
    .map(({ record, outcome, rev }) => `${JSON.stringify({ ...record, outcome, rev })}\n`)
    .join("");
  const bytes = await gzip(getTextEncoding().encodeUtf8(text) as Bytes);
  const options = { deadlineMs: PUT_DEADLINE_MS, contentType: "application/gzip" };
  const put = await store.put(predictionsKey(hour, newId()), bytes, options);
  if (!put.ok) return put;
  const marks = kept.map(({ record: { id }, rev }) => ({ id, rev }));
  const marked = await predictions.markArchived(marks, STORE_DEADLINE_MS);
  return marked.ok ? ok(undefined) : silent(marked.failure);
}

function byHour(kept: readonly KeptPrediction[]): ReadonlyMap<string, readonly KeptPrediction[]> {
  const hours = new Map<string, KeptPrediction[]>();
  for (const one of kept) {
    const hour = one.record.at.slice(0, 13);
    const found = hours.get(hour);
    if (found === undefined) hours.set(hour, [one]);
    else found.push(one);
  }
  return hours;
}

const silent = ({ detail }: { readonly detail: string }) =>
  fail({ reason: "redis_unavailable", detail });
