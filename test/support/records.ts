import type { PredictionRecord } from "../../src/core/model/prediction-record.ts";
import type { PredictionStore, RecordDraft } from "../../src/core/ports/prediction-store.ts";
import { predictionCounters } from "../../src/core/quality/metrics/prediction-counters.ts";
import { must } from "./must.ts";

export const DAY_MS = 86_400_000;

const DEADLINE_MS = 10_000;

/** A classification of two classes, sure of the first. */
export const aRecord = (
  more: Partial<PredictionRecord> & { readonly id: string },
): PredictionRecord => ({
  at: "2026-11-20T10:00:00.000Z",
  model: "iris",
  version: "1",
  digest: "d".repeat(64),
  route: "production:1",
  strategy: "fast",
  input_digest: "i".repeat(64),
  output: { label: "a", probabilities: { a: 0.8, b: 0.2 } },
  confidence: 0.8,
  tier: "none",
  ...more,
});

export const aDraft = (record: PredictionRecord, ttlMs = 30 * DAY_MS): RecordDraft => ({
  record,
  counters: predictionCounters(record),
  ttlMs,
});

/** Keeps records in a store at `nowMs`; answers how many were not there yet. */
export async function addRecords(
  store: PredictionStore,
  records: readonly PredictionRecord[],
  nowMs: number,
): Promise<number> {
  const drafts = records.map((record) => aDraft(record));
  return must(await store.add(drafts, nowMs, DEADLINE_MS));
}
