import { groupOf, type RecordGroup } from "../../core/model/prediction-record.ts";
import {
  COUNTERS_KEPT_MS,
  type OutcomeChange,
  type RecordDraft,
} from "../../core/ports/prediction-store.ts";
import type { PageQuery } from "./prediction-answers.ts";

/** What the prediction store's scripts are given, as words. */

const DAY_MS = 86_400_000;
/** Longer than any record lives: `record.days` is at most 3,650. */
const GROUPS_KEPT_DAYS = 4_100;

/** Days since 1970. */
export const dayNumber = (day: string): number => Math.floor(Date.parse(day) / DAY_MS);

/** A route may have colons in it, the other parts have none. */
export const groupName = ({ version, strategy, route, day }: RecordGroup): string =>
  [version, strategy, route, day].join(":");

/** The group of a name. */
export function readGroup(model: string, name: string): RecordGroup {
  const [version = "", strategy = "", ...rest] = name.split(":");
  return { model, version, strategy, route: rest.slice(0, -1).join(":"), day: rest.at(-1) ?? "" };
}

const wordsOfCounters = (counters: ReadonlyMap<string, bigint>): readonly string[] =>
  [...counters].flatMap(([name, by]) => [name, String(by)]);

/** ARGV of one record of `ADD`. */
export function draftWords(
  { record, counters, ttlMs }: RecordDraft,
  nowMs: number,
): readonly string[] {
  const day = dayNumber(record.at);
  return [
    record.id,
    String(Date.parse(record.at)),
    String(nowMs),
    String(ttlMs),
    String(Math.max(COUNTERS_KEPT_MS, ttlMs + DAY_MS)),
    groupName(groupOf(record)),
    String(day),
    String(nowMs - ttlMs),
    String(day - GROUPS_KEPT_DAYS),
    JSON.stringify(record),
    String(counters.size),
    ...wordsOfCounters(counters),
  ];
}

/** ARGV of one outcome of `SET_OUTCOMES`. */
export const changeWords = ({
  record,
  outcome,
  counters,
  replace,
}: OutcomeChange): readonly string[] => [
  record.id,
  JSON.stringify(outcome.value),
  outcome.at,
  replace ? "1" : "0",
  String(counters.size),
  ...wordsOfCounters(counters),
];

/** ARGV of `PAGE`. */
export function pageWords({ fromMs, toMs, after, limit }: PageQuery): readonly string[] {
  const from = fromMs === undefined ? "-inf" : String(fromMs);
  // One more than asked for tells whether there are more.
  const most = String(limit + 1);
  if (after === undefined) return [from, toMs === undefined ? "+inf" : String(toMs), most, "-"];
  // The rest of its millisecond comes beside.
  return [from, `(${after.atMs}`, most, String(after.atMs)];
}
