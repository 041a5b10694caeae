import { groupOf, type PredictionRecord } from "../../core/model/prediction-record.ts";
import { ok } from "../../core/model/result.ts";
import type {
  SettleChange,
  SettleTotals,
  SettlingStore,
  UnsettledEntity,
} from "../../core/ports/settling-store.ts";
import { call, evaluate, type UpstashConfig, unexpected } from "./client.ts";
import { textsOf } from "./prediction-answers.ts";
import { wordsOfCounters } from "./prediction-words.ts";
import { FORGET, NEXT, SETTLE, UNSETTLED } from "./settle-scripts.ts";

/** Keys of the prediction store. */
export interface RecordKeys {
  record(id: string): string;
  counters(group: ReturnType<typeof groupOf>): string;
  /** Ends with `{type}:{id}`. */
  entity(type: string, id: string): string;
  readonly unarchived: string;
  readonly unsettled: string;
}

/** The part of the prediction store that brings outcomes of entities to predictions: one HTTP call each. */
export function createUpstashSettling(config: UpstashConfig, keys: RecordKeys): SettlingStore {
  const run = (script: string, of: readonly string[], words: readonly string[], ms: number) =>
    evaluate(config, script, of, words, ms);
  const prefix = keys.entity("", "").slice(0, -1);
  const ofEntity = ({ type, id }: UnsettledEntity["entity"]) => [
    keys.entity(type, id),
    keys.unsettled,
  ];
  const ofChange = (change: SettleChange) =>
    change.kind === "gone"
      ? [keys.record(change.id), "-"]
      : [keys.record(change.record.id), keys.counters(groupOf(change.record))];

  return {
    nextToSettle: ({ entity, rev, value }, { limit, again }, nowMs, deadlineMs) =>
      call("EVAL", async () => {
        const words = [rev, JSON.stringify(value), limit, nowMs, again ? 1 : 0].map(String);
        const texts = textsOf(await run(NEXT, ofEntity(entity), words, deadlineMs));
        const [round, ...rest] = texts ?? [];
        const totals = totalsOf(rest);
        if (round === undefined || totals === undefined) return unexpected("EVAL");
        const ids = rest.slice(TOTALS);
        return ok(round === "-" ? { ids, totals } : { round, ids, totals });
      }),
    settle: ({ entity, round }, changes, nowMs, deadlineMs) =>
      call("EVAL", async () => {
        const of = [...ofEntity(entity), keys.unarchived, ...changes.flatMap(ofChange)];
        const words = [round, String(nowMs), ...changes.flatMap(changeWords)];
        const texts = textsOf(await run(SETTLE, of, words, deadlineMs));
        const [isCurrent, changed = "", ...rest] = texts ?? [];
        const totals = totalsOf(rest);
        if (totals === undefined || !/^\d+$/.test(changed)) return unexpected("EVAL");
        return ok({ isCurrent: isCurrent === "1", changed: Number(changed), totals });
      }),
    unsettled: (limit, deadlineMs) =>
      call("EVAL", async () => {
        const answer = await run(UNSETTLED, [keys.unsettled], [String(limit)], deadlineMs);
        const texts = textsOf(answer);
        if (texts === undefined) return unexpected("EVAL");
        const found: UnsettledEntity[] = [];
        for (let at = 0; at < texts.length; at += 2) {
          const name = (texts[at] ?? "").slice(prefix.length);
          const colon = name.indexOf(":");
          const entity = { type: name.slice(0, colon), id: name.slice(colon + 1) };
          found.push({ entity, sinceMs: Number(texts[at + 1]) });
        }
        return ok(found);
      }),
    forgetUnsettled: ({ entity, sinceMs }, deadlineMs) =>
      call("EVAL", async () => {
        const words = [keys.entity(entity.type, entity.id), String(sinceMs)];
        await run(FORGET, [keys.unsettled], words, deadlineMs);
        return ok(undefined);
      }),
  };
}

const TOTALS = 4;

function totalsOf(texts: readonly string[]): SettleTotals | undefined {
  const numbers = texts.slice(0, TOTALS).map(Number);
  if (numbers.length < TOTALS || !numbers.every(Number.isSafeInteger)) return undefined;
  const [settled = 0, conflicting = 0, invalid = 0, pending = 0] = numbers;
  return { settled, conflicting, invalid, pending };
}

/** ARGV of one change of `SETTLE`. */
function changeWords(change: SettleChange): readonly string[] {
  // No word is empty: some Redis take one for a missing one.
  if (change.kind !== "set") return [idOf(change), change.kind, "-", "-", "0"];
  const { record, value, at, counters } = change;
  const words = [record.id, "set", JSON.stringify(value), at, String(counters.size)];
  return [...words, ...wordsOfCounters(counters)];
}

const idOf = (change: { readonly id: string } | { readonly record: PredictionRecord }): string =>
  "record" in change ? change.record.id : change.id;
