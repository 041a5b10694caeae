import { parseText } from "../../core/model/parse-text.ts";
import {
  groupOf,
  type PredictionRecord,
  predictionRecordSchema,
} from "../../core/model/prediction-record.ts";
import { ok } from "../../core/model/result.ts";
import type {
  SettleChange,
  SettleTotals,
  SettlingStore,
  UnsettledEntity,
  WaitingPrediction,
} from "../../core/ports/settling-store.ts";
import { call, evaluate, type UpstashConfig, unexpected } from "./client.ts";
import { readTimes, textsOf } from "./prediction-answers.ts";
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
        const of = [...words, keys.record("")];
        const texts = textsOf(await run(NEXT, ofEntity(entity), of, deadlineMs));
        const [round, ...rest] = texts ?? [];
        const step = stepOf(rest);
        if (round === undefined || step === undefined) return unexpected("EVAL");
        return ok(round === "-" ? step : { round, ...step });
      }),
    settle: ({ entity, round }, changes, { limit }, nowMs, deadlineMs) =>
      call("EVAL", async () => {
        const of = [...ofEntity(entity), keys.unarchived, ...changes.flatMap(ofChange)];
        const words = [round, String(nowMs), String(limit), keys.record("")];
        const all = [...words, ...changes.flatMap(changeWords)];
        const texts = textsOf(await run(SETTLE, of, all, deadlineMs));
        const [isCurrent, changed = "", ...rest] = texts ?? [];
        const step = stepOf(rest);
        if (step === undefined || !/^\d+$/.test(changed)) return unexpected("EVAL");
        return ok({ isCurrent: isCurrent === "1", changed: Number(changed), ...step });
      }),
    unsettled: (limit, deadlineMs) =>
      call("EVAL", async () => {
        const answer = await run(UNSETTLED, [keys.unsettled], [String(limit)], deadlineMs);
        const timed = readTimes(textsOf(answer) ?? [""]);
        const found = timed?.map(([name, sinceMs]) => unsettledOf(prefix, name, sinceMs));
        return found?.every((one) => one !== undefined) ? ok(found) : unexpected("EVAL");
      }),
    forgetUnsettled: ({ entity, sinceMs }, deadlineMs) =>
      call("EVAL", async () => {
        const words = [keys.entity(entity.type, entity.id), String(sinceMs)];
        const told = await run(FORGET, [keys.unsettled], words, deadlineMs);
        return told === 1 ? ok(undefined) : unexpected("EVAL");
      }),
  };
}

/** `undefined` for a key that is not that of an entity's predictions. */
function unsettledOf(prefix: string, key: string, sinceMs: number): UnsettledEntity | undefined {
  const name = key.slice(prefix.length);
  const colon = name.indexOf(":");
  if (!key.startsWith(prefix) || colon < 0) return undefined;
  return { entity: { type: name.slice(0, colon), id: name.slice(colon + 1) }, sinceMs };
}

const TOTALS = 4;

function totalsOf(texts: readonly string[]): SettleTotals | undefined {
  const numbers = texts.slice(0, TOTALS).map(Number);
  if (numbers.length < TOTALS || !numbers.every(Number.isSafeInteger)) return undefined;
  const [settled = 0, conflicting = 0, invalid = 0, pending = 0] = numbers;
  return { settled, conflicting, invalid, pending };
}

/** The totals and what is next; `undefined` for what no script says. */
function stepOf(texts: readonly string[]) {
  const totals = totalsOf(texts);
  const waiting = waitingOf(texts.slice(TOTALS));
  return totals && waiting && { totals, waiting };
}

function waitingOf(texts: readonly string[]): readonly WaitingPrediction[] | undefined {
  if (texts.length % 2 !== 0) return undefined;
  const waiting: WaitingPrediction[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    const [id = "", doc = ""] = texts.slice(at, at + 2);
    const record = doc === "" ? undefined : predictionRecordSchema.safeParse(parseText(doc));
    if (record?.success === false) return undefined;
    waiting.push({ id, record: record?.data });
  }
  return waiting;
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
