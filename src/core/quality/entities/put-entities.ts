import { inParallel } from "../../lifecycle/in-parallel.ts";
import type { Entity, Outcome } from "../../model/entity.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EntityWrite } from "../../ports/entity-store.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";
import type { PredictionCounts } from "../prediction-counts.ts";
import {
  ENTITY_DEADLINE_MS,
  type EntityDeps,
  type EntityFailure,
  MAX_TRIES,
  neverAlone,
} from "./entity-failure.ts";
import { type EntityPut, type Group, groupById, type Plan, planGroup } from "./plan-puts.ts";

export interface FinishedEntity {
  readonly type: string;
  readonly id: string;
  readonly outcome: Outcome;
  readonly rev: number;
  /** By the clock: whoever finished it waits no longer for the predictions on it. */
  readonly untilMs: number;
}

export interface PutEntitiesDeps extends EntityDeps {
  readonly clock: Pick<Clock, "now">;
  /**
   * Told of each entity that a put finishes, after that is kept and before it is acknowledged;
   * again when the put is repeated. So it may be told the same twice, and never misses one. What
   * it answers stands in the put's own answer.
   */
  readonly onFinished?:
    | ((finished: FinishedEntity) => Promise<Result<PredictionCounts, SharedCacheFailure>>)
    | undefined;
}

export interface PutEntity {
  readonly entity: Entity;
  readonly created: boolean;
  /** Of one that was finished: the predictions on it. */
  readonly predictions?: PredictionCounts;
}

type PutOutcome = Result<PutEntity, EntityFailure>;

/** Milliseconds that whoever finishes entities waits for the predictions on all of them. */
export const SETTLE_BUDGET_MS = 10_000;

/**
 * What is read and written at once, as it is stored: with the changes of one batch it stays under
 * the 1 MB that a request to Redis may have on small plans, each quote being two characters there.
 */
const PORTION_BYTES = 150 * 1024;

/**
 * Makes or changes entities, each alone; the outcomes in the order of the puts, of which several
 * may be of one id. What succeeds is kept. A put that is sent again changes nothing more. Two round
 * trips, and two more for each further 150 KiB of what is stored of them, and for each time that
 * others changed the same entities meanwhile.
 * Fails as a whole when Redis does not answer: then any of them may have been made.
 * @param untilMs by the clock: then the predictions on what is finished are left pending
 */
export async function putEntities(
  deps: PutEntitiesDeps,
  type: string,
  puts: readonly EntityPut[],
  untilMs: number = deps.clock.now() + SETTLE_BUDGET_MS,
): Promise<Result<readonly PutOutcome[], SharedCacheFailure>> {
  const outcomes: PutOutcome[] = puts.map(neverAlone);
  let open = groupById(puts);
  for (let attempt = 0; attempt < MAX_TRIES && open.length > 0; attempt += 1) {
    const tried = await tryPuts(deps, type, puts, open, outcomes);
    if (!tried.ok) return tried;
    open = tried.value;
  }
  await inParallel(groupById(puts), async ({ id, places }) =>
    ok(await tellFinished(deps, { type, id, untilMs }, puts, places, outcomes)),
  );
  return ok(outcomes);
}

/** One try of each group; fills in the outcomes of those that got through, answers the others. */
async function tryPuts(
  deps: PutEntitiesDeps,
  type: string,
  puts: readonly EntityPut[],
  groups: readonly Group[],
  outcomes: PutOutcome[],
): Promise<Result<readonly Group[], SharedCacheFailure>> {
  const lost: Group[] = [];
  let left = groups;
  while (left.length > 0) {
    const ids = left.map(({ id }) => id);
    const read = await deps.entities.getMany(type, ids, ENTITY_DEADLINE_MS, PORTION_BYTES);
    if (!read.ok) return read;
    const nowMs = deps.clock.now();
    const planned = read.value.map((current, index) =>
      planGroup(current, left[index] as Group, puts, nowMs),
    );
    const missed = await swapPlanned(deps, type, planned, outcomes);
    if (!missed.ok) return missed;
    lost.push(...missed.value);
    left = left.slice(planned.length);
  }
  return ok(lost);
}

/** Writes what was planned, in one step; answers those that others were faster at. */
async function swapPlanned(
  { entities }: PutEntitiesDeps,
  type: string,
  planned: readonly Plan[],
  outcomes: PutOutcome[],
): Promise<Result<readonly Group[], SharedCacheFailure>> {
  const changing = planned.filter(({ content, current }) => content !== current);
  const writes: EntityWrite[] = changing.map(({ group, current, content }) => ({
    id: group.id,
    expectedRev: current?.rev ?? 0,
    content,
  }));
  const swapped =
    writes.length === 0 ? ok([]) : await entities.swapMany(type, writes, ENTITY_DEADLINE_MS);
  if (!swapped.ok) return swapped;
  const revs = new Map(changing.map(({ group }, index) => [group.id, swapped.value[index]]));
  const lost: Group[] = [];
  for (const plan of planned) {
    const { id } = plan.group;
    const rev = revs.has(id) ? revs.get(id) : (plan.current?.rev ?? 0);
    if (rev === undefined) lost.push(plan.group);
    else fillIn(type, plan, rev, outcomes);
  }
  return ok(lost);
}

function fillIn(type: string, plan: Plan, rev: number, outcomes: PutOutcome[]): void {
  const { group, current, content, failures } = plan;
  const entity = content && { type, id: group.id, ...content, rev };
  const created = current === undefined;
  for (const place of group.places) {
    const failure = failures.get(place);
    if (failure !== undefined) outcomes[place] = fail(failure);
    else if (entity !== undefined) outcomes[place] = ok({ entity, created });
  }
}

/** The last put that finished it counts; one that nobody could be told of is not acknowledged. */
async function tellFinished(
  { onFinished }: PutEntitiesDeps,
  named: Pick<FinishedEntity, "type" | "id" | "untilMs">,
  puts: readonly EntityPut[],
  places: readonly number[],
  outcomes: PutOutcome[],
): Promise<void> {
  if (onFinished === undefined) return;
  const finishing = places.filter(
    (place) => puts[place]?.change.state === "finished" && outcomes[place]?.ok === true,
  );
  const last = outcomes[finishing.at(-1) ?? -1];
  if (last?.ok !== true || last.value.entity.outcome === undefined) return;
  const { outcome, rev } = last.value.entity;
  const told = await onFinished({ ...named, outcome, rev });
  if (told.ok) {
    for (const place of finishing) {
      const put = outcomes[place];
      if (put?.ok === true) outcomes[place] = ok({ ...put.value, predictions: told.value });
    }
    return;
  }
  const detail =
    "the entity is finished, yet Redis did not answer while the predictions on it were settled: send it again, which goes on with them and is harmless";
  const { cause } = told.failure;
  for (const place of finishing)
    outcomes[place] = fail({ reason: "settling_failed", detail, cause });
}
