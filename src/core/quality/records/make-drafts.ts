import type { PredictionRecord } from "../../model/prediction-record.ts";
import type { Digest } from "../../ports/digest.ts";
import type { RecordDraft } from "../../ports/prediction-store.ts";
import { predictionCounters } from "../metrics/prediction-counters.ts";
import { type AnsweredPrediction, makeRecord } from "./make-record.ts";

/** What the store takes at once. */
const MAX_BYTES = 400 * 1024;
/** Made together: each is hashed, and one after another every hash would wait for a turn of a busy isolate. */
const TOGETHER = 50;

/**
 * The records of those that have waited longest, as many as go together in one command, each with
 * what it adds to the counters. One that cannot be made is told to `onBroken` and left out.
 *
 * @param waiting oldest first, up to 500: what a store takes at once
 */
export async function makeDrafts(
  digest: Digest,
  waiting: readonly AnsweredPrediction[],
  onBroken: (answered: AnsweredPrediction, cause: unknown) => void,
): Promise<readonly RecordDraft[]> {
  const drafts: RecordDraft[] = [];
  let bytes = 0;
  for (let at = 0; at < waiting.length; at += TOGETHER) {
    const some = waiting.slice(at, at + TOGETHER);
    const made = await Promise.all(some.map((one) => makeDraft(digest, one, onBroken)));
    for (const draft of made) {
      if (draft === undefined) continue;
      bytes += sizeOf(draft.record);
      if (drafts.length > 0 && bytes > MAX_BYTES) return drafts;
      drafts.push(draft);
    }
  }
  return drafts;
}

async function makeDraft(
  digest: Digest,
  answered: AnsweredPrediction,
  onBroken: (answered: AnsweredPrediction, cause: unknown) => void,
): Promise<RecordDraft | undefined> {
  try {
    const record = await makeRecord(digest, answered);
    return { record, counters: predictionCounters(record), ttlMs: answered.policy.ttlMs };
  } catch (cause) {
    onBroken(answered, cause);
    return undefined;
  }
}

/** What every record says, with what its store adds: ids, a digest, an entity. */
const COMMON_BYTES = 400;
/** A probability as JSON. */
const NUMBER_BYTES = 24;

/** Roughly, and rather too many than too few: making JSON of it only to count would cost as much again. */
function sizeOf({ inputs, output }: PredictionRecord): number {
  const { label = "", probabilities, outputs } = output;
  let bytes = COMMON_BYTES + textBytes(label);
  for (const name in probabilities) bytes += textBytes(name) + NUMBER_BYTES;
  for (const part of [inputs, outputs]) {
    if (part !== undefined) bytes += textBytes(JSON.stringify(part));
  }
  return bytes;
}

/** Three bytes a character in UTF-8 at most; as many where a text within JSON is escaped. */
const textBytes = (text: string): number => 3 * text.length;
