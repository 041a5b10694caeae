import { ok, type Result } from "../model/result.ts";
import type { KeptPrediction, PredictionStore, RecordPlace } from "../ports/prediction-store.ts";
import { type OutcomeFailure, STORE_DEADLINE_MS, unavailable } from "./set-outcome.ts";

const PAGE_SIZE = 200;
/** Pages looked through for what a filter leaves: after these the answer is a short page. */
const MAX_PAGES = 10;

export interface PredictionsQuery {
  readonly model: string;
  readonly version?: string | undefined;
  /** Milliseconds since 1970, both inclusive. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Only those with an outcome, or only those without. */
  readonly withOutcome?: boolean | undefined;
  readonly after?: RecordPlace | undefined;
  readonly limit: number;
}

export interface PredictionsPage {
  readonly items: readonly KeptPrediction[];
  /** Where to go on; missing at the end. A page may be short, even empty, and have one. */
  readonly next?: RecordPlace;
}

/**
 * Records of a model, newest first. Filters are looked for in at most 2,000 records a call. Two
 * round trips for each 200 of them.
 */
export async function listPredictions(
  predictions: PredictionStore,
  { version, withOutcome, limit, ...query }: PredictionsQuery,
): Promise<Result<PredictionsPage, OutcomeFailure>> {
  const isFiltered = version !== undefined || withOutcome !== undefined;
  const items: KeptPrediction[] = [];
  let after = query.after;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const wish = { ...query, after, limit: isFiltered ? PAGE_SIZE : limit };
    const page = await predictions.list(wish, STORE_DEADLINE_MS);
    if (!page.ok) return unavailable(page.failure);
    for (const kept of page.value.items) {
      if (!suits(kept, version, withOutcome)) continue;
      if (items.length === limit) return ok({ items, next: placeOf(items.at(-1)) });
      items.push(kept);
    }
    after = page.value.next;
    if (after === undefined) return ok({ items });
    // What has expired was left out of the page: there may be fewer than asked for.
    if (items.length === limit) break;
  }
  return ok({ items, ...(after === undefined ? {} : { next: after }) });
}

const suits = (
  { record, outcome }: KeptPrediction,
  version: string | undefined,
  withOutcome: boolean | undefined,
): boolean =>
  (version === undefined || record.version === version) &&
  (withOutcome === undefined || (outcome !== undefined) === withOutcome);

function placeOf(kept: KeptPrediction | undefined): RecordPlace {
  if (kept === undefined) throw new Error("a full page has a last record");
  return { atMs: Date.parse(kept.record.at), id: kept.record.id };
}
