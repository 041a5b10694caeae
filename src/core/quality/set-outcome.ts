import type { EntityKey, Outcome, OutcomeValue } from "../model/prediction-record.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Clock } from "../ports/clock.ts";
import type {
  KeptPrediction,
  OutcomeChange,
  OutcomeChanged,
  PredictionStore,
} from "../ports/prediction-store.ts";
import type { SharedCacheFailure } from "../ports/shared-cache.ts";
import { type KnownClasses, scoreKept } from "./score-kept.ts";

/** Deadline of one call to the store, in milliseconds: an outcome is worth waiting for. */
export const STORE_DEADLINE_MS = 3_000;
/** What the store takes at once. */
const AT_ONCE = 50;

export interface OutcomeDeps extends KnownClasses {
  readonly predictions: PredictionStore;
  readonly clock: Pick<Clock, "now">;
  /** Whether an entity's own outcome is known; left out, or for an unknown entity, predictions on it are settled like all others. */
  readonly entityState?:
    | ((entity: EntityKey) => Promise<Result<"open" | "finished" | undefined, SharedCacheFailure>>)
    | undefined;
}

export interface OutcomeWish {
  readonly id: string;
  readonly value: OutcomeValue;
  /** ISO 8601: when it was so. Left out: now. */
  readonly at?: string | undefined;
  readonly replace?: boolean | undefined;
}

export interface OutcomeSet {
  readonly prediction_id: string;
  readonly outcome: Outcome;
  /** Of classifications. */
  readonly correct?: boolean;
}

export type SetResult = Result<OutcomeSet, OutcomeFailure>;

export type OutcomeFailure =
  | {
      readonly reason:
        | "prediction_not_found"
        | "outcome_invalid"
        | "outcome_conflict"
        | "outcome_pending";
      readonly detail: string;
    }
  | {
      readonly reason: "redis_unavailable";
      readonly detail: string;
      /** For the log. */
      readonly cause: SharedCacheFailure;
    };

/**
 * Records what turned out to be true of a prediction. Idempotent: the same value again changes
 * nothing and keeps the first one's time; another value needs `replace`. The counters of the
 * accuracy move in the same step. Two round trips; after a lost answer it may be sent again.
 */
export async function setOutcome(
  deps: OutcomeDeps,
  wish: OutcomeWish,
): Promise<Result<OutcomeSet, OutcomeFailure>> {
  const [told] = await setOutcomes(deps, [wish]);
  if (told === undefined) throw new Error("an outcome has an answer");
  return told;
}

/**
 * Records many outcomes, each for itself, in their order; the answers in the same. Once the store
 * does not answer nothing more is tried, and the rest says so. Two round trips for each 50, and one
 * for each entity among them.
 */
export async function setOutcomes(
  deps: OutcomeDeps,
  wishes: readonly OutcomeWish[],
): Promise<readonly SetResult[]> {
  const told: SetResult[] = [];
  for (let at = 0; at < wishes.length; at += AT_ONCE) {
    const some = wishes.slice(at, at + AT_ONCE);
    const last = told.at(-1);
    const isSilent = last?.ok === false && last.failure.reason === "redis_unavailable";
    told.push(...(isSilent ? some.map(() => last) : await setSome(deps, some)));
  }
  return told;
}

async function setSome(
  deps: OutcomeDeps,
  wishes: readonly OutcomeWish[],
): Promise<readonly SetResult[]> {
  const ids = wishes.map(({ id }) => id);
  const found = await deps.predictions.get(ids, STORE_DEADLINE_MS);
  if (!found.ok) return wishes.map(() => unavailable(found.failure));
  const ready: ReadyOutcome[] = [];
  const told: SetResult[] = [];
  for (const [place, wish] of wishes.entries()) {
    const kept = found.value[place];
    if (kept === undefined) told[place] = notFound(wish.id);
    else ready.push({ place, kept, wish });
  }
  const settled = await applyOutcomes(deps, ready, deps.entityState);
  for (const [index, { place }] of ready.entries()) told[place] = settled[index] as SetResult;
  return told;
}

/** An outcome for a record that was read. */
interface ReadyOutcome {
  readonly place: number;
  readonly kept: KeptPrediction;
  readonly wish: OutcomeWish;
}

/** As `setOutcomes`, of up to 50 records that were read. One round trip. */
async function applyOutcomes(
  deps: Omit<OutcomeDeps, "entityState">,
  ready: readonly ReadyOutcome[],
  entityState?: OutcomeDeps["entityState"],
): Promise<readonly SetResult[]> {
  const { predictions, clock } = deps;
  const nowMs = clock.now();
  const prepared: Result<PreparedOutcome, OutcomeFailure>[] = [];
  for (const { kept, wish } of ready) {
    const pending = await refusePending(entityState, kept);
    prepared.push(pending ?? (await prepare(deps, kept, wish, nowMs)));
  }
  const changes = prepared.flatMap((one) => (one.ok ? [one.value] : []));
  const changed = await predictions.setOutcomes(changes, nowMs, STORE_DEADLINE_MS);
  if (!changed.ok) return prepared.map((one) => (one.ok ? unavailable(changed.failure) : one));
  const answers = changed.value.values();
  return prepared.map((one) => (one.ok ? toldOf(one.value, answers.next().value) : one));
}

interface PreparedOutcome extends OutcomeChange {
  readonly correct: boolean | undefined;
}

async function prepare(
  { classesOf }: KnownClasses,
  { record }: KeptPrediction,
  { value, at, replace = false }: OutcomeWish,
  nowMs: number,
): Promise<Result<PreparedOutcome, OutcomeFailure>> {
  const scored = await scoreKept({ classesOf }, record, value);
  if (!scored.ok) return scored;
  const { counters, correct } = scored.value;
  const outcome = { value: scored.value.value, at: at ?? new Date(nowMs).toISOString() };
  return ok({ record, outcome, counters, replace, correct });
}

function toldOf(
  { record, correct }: PreparedOutcome,
  changed: OutcomeChanged | undefined,
): SetResult {
  if (changed === undefined) throw new Error("the store answers each outcome");
  if (changed.kind === "absent") return notFound(record.id);
  if (changed.kind === "conflict") return conflict(changed.outcome);
  const { outcome } = changed;
  const told = { prediction_id: record.id, outcome };
  return ok(correct === undefined ? told : { ...told, correct });
}

/** Why a prediction cannot have its outcome yet; `undefined` when it can. */
async function refusePending(
  entityState: OutcomeDeps["entityState"],
  { record: { entity } }: KeptPrediction,
) {
  if (entity === undefined || entityState === undefined) return undefined;
  const state = await entityState(entity);
  if (!state.ok) return unavailable(state.failure);
  if (state.value !== "open") return undefined;
  const { type, id } = entity;
  return fail({
    reason: "outcome_pending",
    detail: `the prediction is on the ${type} '${id}', which is not finished: finish it (PUT /v1/entities/${type}/${encodeURIComponent(id)} with state 'finished' and its outcome), and its predictions get their outcome`,
  });
}

/** Why there is no such record, and what to do. */
export const notFound = (id: string) =>
  fail({
    reason: "prediction_not_found",
    detail: `there is no record of prediction '${id.slice(0, 60)}': records are written within about a second after the answer, expire after the deployment's record.days (30 by default), and are made of the share of predictions that record.rate says (by default all of /v1/…/predict and none of /v2/…/infer): set it by PUT /v1/models/{model}/deployment`,
  });

const conflict = ({ value, at }: Outcome) =>
  fail({
    reason: "outcome_conflict",
    detail: `the prediction has another outcome, ${JSON.stringify(value)} of ${at}: send replace: true to put yours in its place`,
  });

/** The store did not answer: whether it did as asked is not known, and asking again does no harm. */
export const unavailable = (cause: SharedCacheFailure) =>
  fail({
    reason: "redis_unavailable",
    detail: "Redis does not answer; the same request may be sent again without harm",
    cause,
  });
