import type { EntityKey, Outcome, PredictionRecord } from "../../core/model/prediction-record.ts";
import { ok } from "../../core/model/result.ts";
import type {
  SettleChange,
  SettleTotals,
  SettlingStore,
  UnsettledEntity,
} from "../../core/ports/settling-store.ts";

interface Settling {
  rev: number;
  value: unknown;
  /** The revision at which all were to be looked at. */
  round: string;
  done: number;
  /** The latest last, as they were inserted. */
  todo: Set<string>;
  held: Map<string, "conflicting" | "invalid">;
}

/** What the settling sees of the records. */
export interface SettledRows {
  /** Of those on an entity that have not expired. */
  idsOn(entity: EntityKey): readonly string[];
  /** `undefined`: it has expired. */
  find(id: string): { readonly record: PredictionRecord; readonly outcome?: Outcome } | undefined;
  /** Puts an outcome in the place of any other, or takes it out. */
  change(id: string, to?: Omit<SettleChange & { readonly kind: "set" }, "kind">): void;
}

/** The part of the prediction store in memory that brings outcomes of entities to predictions. */
export function createMemorySettling(rows: SettledRows): SettlingStore & {
  /** A new record is kept. */
  wait(record: PredictionRecord, nowMs: number): void;
} {
  const settlings = new Map<string, Settling>();
  const queue = new Map<string, UnsettledEntity>();
  const enqueue = (entity: EntityKey, { todo }: Settling, nowMs: number) => {
    const name = nameOf(entity);
    if (todo.size === 0) queue.delete(name);
    else if (!queue.has(name)) queue.set(name, { entity, sinceMs: nowMs });
  };
  const nextOf = ({ todo }: Settling, limit: number) =>
    [...todo]
      .reverse()
      .slice(0, limit)
      .map((id) => ({ id, record: rows.find(id)?.record }));
  const settleOne = (settling: Settling, change: SettleChange): boolean => {
    const id = change.kind === "gone" ? change.id : change.record.id;
    const row = rows.find(id);
    if (!settling.todo.delete(id) || row === undefined || change.kind === "gone") return false;
    const { outcome } = row;
    const isOwn = outcome !== undefined && outcome.by === undefined;
    if (change.kind === "invalid") {
      settling.held.set(id, "invalid");
      if (outcome === undefined || isOwn) return false;
      rows.change(id);
      return true;
    }
    const isSame = outcome?.value === change.value;
    if (isOwn && !isSame) {
      settling.held.set(id, "conflicting");
      return false;
    }
    settling.done += 1;
    if (!isSame) rows.change(id, change);
    return !isSame;
  };

  return {
    wait({ id, entity }, nowMs) {
      const settling = entity && settlings.get(nameOf(entity));
      if (entity === undefined || settling === undefined) return;
      settling.todo.add(id);
      enqueue(entity, settling, nowMs);
    },
    async nextToSettle({ entity, rev, value }, { limit, again }, nowMs) {
      const name = nameOf(entity);
      let settling = settlings.get(name);
      if (settling !== undefined && settling.rev > rev) {
        return ok({ waiting: [], totals: totalsOf(settling) });
      }
      if (settling === undefined || settling.value !== value) {
        const todo = new Set(rows.idsOn(entity));
        settling = { rev, value, round: String(rev), done: 0, todo, held: new Map() };
        settlings.set(name, settling);
      } else if (again && settling.todo.size === 0) {
        settling.todo = new Set(settling.held.keys());
        settling.held = new Map();
      }
      settling.rev = rev;
      enqueue(entity, settling, nowMs);
      const waiting = nextOf(settling, limit);
      return ok({ round: settling.round, waiting, totals: totalsOf(settling) });
    },
    async settle({ entity, round }, changes, { limit }, nowMs) {
      const settling = settlings.get(nameOf(entity));
      if (settling?.round !== round) {
        return ok({ isCurrent: false, changed: 0, totals: totalsOf(settling), waiting: [] });
      }
      const changed = changes.filter((change) => settleOne(settling, change)).length;
      enqueue(entity, settling, nowMs);
      const waiting = nextOf(settling, limit);
      return ok({ isCurrent: true, changed, totals: totalsOf(settling), waiting });
    },
    unsettled: async (limit) => ok([...queue.values()].slice(0, limit)),
    async forgetUnsettled({ entity, sinceMs }) {
      const name = nameOf(entity);
      if (queue.get(name)?.sinceMs === sinceMs) queue.delete(name);
      return ok(undefined);
    },
  };
}

const nameOf = ({ type, id }: EntityKey): string => `${type}:${id}`;

function totalsOf(settling: Settling | undefined): SettleTotals {
  const held = [...(settling?.held.values() ?? [])];
  const invalid = held.filter((why) => why === "invalid").length;
  return {
    settled: settling?.done ?? 0,
    conflicting: held.length - invalid,
    invalid,
    pending: settling?.todo.size ?? 0,
  };
}
