import type { Digest } from "../../ports/digest.ts";
import type { RecordDraft } from "../../ports/prediction-store.ts";
import { predictionCounters } from "../metrics/prediction-counters.ts";
import { type AnsweredPrediction, makeRecord } from "./make-record.ts";

/** What the store takes at once. */
const MAX_DRAFTS = 500;
const MAX_CHARACTERS = 400 * 1024;
/** Made together: each is hashed, and one after another every hash would wait for a turn of a busy isolate. */
const TOGETHER = 50;

/** What waits to be written, oldest first. */
export interface Waiting {
  oldest(count: number): readonly AnsweredPrediction[];
}

/**
 * The records that have waited longest, as many as go together in one command, each with what it
 * adds to the counters. One that cannot be made is told to `onBroken` and left out.
 */
export async function makeDrafts(
  digest: Digest,
  waiting: Waiting,
  onBroken: (answered: AnsweredPrediction, cause: unknown) => void,
): Promise<readonly RecordDraft[]> {
  const drafts: RecordDraft[] = [];
  let characters = 0;
  const oldest = waiting.oldest(MAX_DRAFTS);
  for (let at = 0; at < oldest.length; at += TOGETHER) {
    const some = oldest.slice(at, at + TOGETHER);
    const made = await Promise.all(some.map((one) => makeDraft(digest, one, onBroken)));
    for (const draft of made) {
      if (draft === undefined) continue;
      characters += JSON.stringify(draft.record).length;
      if (drafts.length > 0 && characters > MAX_CHARACTERS) return drafts;
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
