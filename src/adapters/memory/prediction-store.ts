import {
  groupOf,
  type Outcome,
  type PredictionRecord,
  type RecordGroup,
} from "../../core/model/prediction-record.ts";
import { ok } from "../../core/model/result.ts";
import type { Clock } from "../../core/ports/clock.ts";
import {
  type KeptPrediction,
  newestFirst,
  type OutcomeChange,
  type OutcomeChanged,
  type PredictionStore,
  type RecordPage,
  type RecordPlace,
} from "../../core/ports/prediction-store.ts";
import { addCounters } from "../../core/quality/metrics/counters.ts";
import { createMemorySettling } from "./prediction-settling.ts";

interface Row {
  readonly record: PredictionRecord;
  readonly expiresMs: number;
  readonly rev: number;
  readonly outcome?: Outcome;
  /** What the outcome has added to the counters. */
  readonly added: ReadonlyMap<string, bigint>;
}

interface Query {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly after?: RecordPlace | undefined;
  readonly limit: number;
}

/** A prediction store in memory, for tests: nothing of it outlives the process. */
export function createMemoryPredictionStore(clock: Pick<Clock, "now">): PredictionStore {
  const rows = new Map<string, Row>();
  const counters = new Map<string, { group: RecordGroup; sums: Map<string, bigint> }>();
  /** Ids by when they changed, as they were inserted. */
  const unarchived = new Set<string>();

  const alive = (id: string): Row | undefined => {
    const row = rows.get(id);
    return row !== undefined && row.expiresMs > clock.now() ? row : undefined;
  };
  const sumsOf = (record: PredictionRecord) => {
    const group = groupOf(record);
    const name = JSON.stringify(group);
    const found = counters.get(name) ?? { group, sums: new Map<string, bigint>() };
    counters.set(name, found);
    return found.sums;
  };
  const mark = (id: string) => {
    unarchived.delete(id);
    unarchived.add(id);
  };
  const settling = createMemorySettling({
    idsOn: ({ type, id }) =>
      page(({ entity }) => entity?.type === type && entity.id === id, { limit: rows.size })
        .items.map(({ record }) => record.id)
        .reverse(),
    find: alive,
    change(id, to) {
      const row = alive(id);
      if (row === undefined) return;
      const { outcome: _old, ...rest } = row;
      const sums = sumsOf(row.record);
      addCounters(sums, negated(row.added));
      addCounters(sums, to?.counters ?? new Map());
      const outcome = to && { value: to.value, at: to.at, by: "entity" as const };
      const added = to?.counters ?? new Map();
      rows.set(id, { ...rest, rev: row.rev + 1, added, ...(outcome && { outcome }) });
      mark(id);
    },
  });
  const setOne = ({ record, outcome, counters: more, replace }: OutcomeChange): OutcomeChanged => {
    const row = alive(record.id);
    if (row === undefined) return { kind: "absent" };
    const { rev, outcome: old } = row;
    if (old?.value === outcome.value) return { kind: "unchanged", outcome: old, rev };
    if (old !== undefined && !replace) return { kind: "conflict", outcome: old };
    const sums = sumsOf(row.record);
    addCounters(sums, negated(row.added));
    addCounters(sums, more);
    rows.set(record.id, { ...row, rev: rev + 1, outcome, added: more });
    mark(record.id);
    return { kind: "set", outcome, rev: rev + 1 };
  };
  const page = (isWanted: (record: PredictionRecord) => boolean, query: Query): RecordPage => {
    const {
      fromMs = Number.NEGATIVE_INFINITY,
      toMs = Number.POSITIVE_INFINITY,
      after,
      limit,
    } = query;
    const found = [...rows.keys()]
      .map(alive)
      .filter((row): row is Row => row !== undefined && isWanted(row.record))
      .map((row) => ({ row, place: { id: row.record.id, atMs: Date.parse(row.record.at) } }))
      .filter(({ place }) => place.atMs >= fromMs && place.atMs <= toMs)
      .sort((a, b) => newestFirst(a.place, b.place))
      .filter(({ place }) => after === undefined || newestFirst(after, place) < 0);
    const items = found.slice(0, limit).map(({ row }) => keptOf(row));
    const last = found[limit - 1];
    return found.length > limit && last !== undefined ? { items, next: last.place } : { items };
  };

  return {
    ...settling,
    async add(drafts, nowMs) {
      let made = 0;
      for (const { record, counters: more, ttlMs } of drafts) {
        if (alive(record.id) !== undefined) continue;
        made += 1;
        rows.set(record.id, { record, expiresMs: nowMs + ttlMs, rev: 1, added: new Map() });
        addCounters(sumsOf(record), more);
        mark(record.id);
        settling.wait(record, nowMs);
      }
      return ok(made);
    },
    async get(ids) {
      return ok(ids.map((id) => alive(id)).map((row) => row && keptOf(row)));
    },
    setOutcomes: async (changes) => ok(changes.map(setOne)),
    list: async ({ model, ...query }) => ok(page((record) => record.model === model, query)),
    async counters(model, fromDay) {
      const found = [...counters.values()]
        .filter(({ group, sums }) => group.model === model && group.day >= fromDay && sums.size > 0)
        .map(({ group, sums }) => ({ group, counters: new Map(sums) }));
      return ok(found);
    },
    async unarchived(limit) {
      const found = [...unarchived].slice(0, limit).map((id) => [id, alive(id)] as const);
      for (const [id, row] of found) if (row === undefined) unarchived.delete(id);
      return ok(found.flatMap(([, row]) => (row === undefined ? [] : [keptOf(row)])));
    },
    async markArchived(archived) {
      for (const { id, rev } of archived) if (rows.get(id)?.rev === rev) unarchived.delete(id);
      return ok(undefined);
    },
  };
}

const negated = (added: ReadonlyMap<string, bigint>) =>
  new Map([...added].map(([name, by]) => [name, -by]));

const keptOf = ({ record, rev, outcome }: Row): KeptPrediction =>
  outcome === undefined ? { record, rev } : { record, rev, outcome };
