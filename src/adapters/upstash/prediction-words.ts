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

/**
 * A route may have colons in it, and so may a version that is a remote's own name: those are
 * escaped. A number, as all versions of models here are, stays as it is.
 */
export const groupName = ({ version, strategy, route, day }: RecordGroup): string =>
  [version.replace(/[%:]/g, encodeURIComponent), strategy, route, day].join(":");

/** The group of a name. */
export function readGroup(model: string, name: string): RecordGroup {
  const [version = "", strategy = "", ...rest] = name.split(":");
  return {
    model,
    version: version.replaceAll("%3A", ":").replaceAll("%25", "%"),
    strategy,
    route: rest.slice(0, -1).join(":"),
    day: rest.at(-1) ?? "",
  };
}

export const wordsOfCounters = (counters: ReadonlyMap<string, bigint>): readonly string[] =>
  [...counters].flatMap(([name, by]) => [name, String(by)]);

/** Drafts that count for one group and live equally long. */
export interface DraftGroup {
  readonly group: RecordGroup;
  readonly ttlMs: number;
  /** From 1. */
  readonly number: number;
}

/** The groups of drafts, in the order they are first met in, and each draft's own. */
export function groupDrafts(drafts: readonly RecordDraft[]) {
  const groups = new Map<string, DraftGroup>();
  const grouped = drafts.map((draft) => {
    const { ttlMs } = draft;
    const group = groupOf(draft.record);
    const name = `${ttlMs} ${group.model} ${groupName(group)}`;
    const of = groups.get(name) ?? { group, ttlMs, number: groups.size + 1 };
    groups.set(name, of);
    return { draft, number: of.number };
  });
  return { groups: [...groups.values()], grouped };
}

/** ARGV of `ADD`. */
export function addWords(
  { groups, grouped }: ReturnType<typeof groupDrafts>,
  nowMs: number,
): readonly string[] {
  const lastsMs = Math.max(...groups.map(({ ttlMs }) => countersLeftMs(ttlMs)));
  return [
    String(nowMs),
    String(nowMs - lastsMs),
    String(groups.length),
    ...groups.flatMap((group) => groupWords(group, nowMs)),
    ...grouped.flatMap(({ draft: { record, counters, ttlMs }, number }) => [
      String(number),
      record.id,
      String(Date.parse(record.at)),
      String(ttlMs),
      JSON.stringify(record),
      String(counters.size),
      ...wordsOfCounters(counters),
    ]),
  ];
}

function groupWords({ group, ttlMs }: DraftGroup, nowMs: number): readonly string[] {
  const day = dayNumber(group.day);
  return [
    groupName(group),
    String(day),
    String(day - GROUPS_KEPT_DAYS),
    String(nowMs - ttlMs),
    String(countersLeftMs(ttlMs)),
  ];
}

const countersLeftMs = (ttlMs: number): number => Math.max(COUNTERS_KEPT_MS, ttlMs + DAY_MS);

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
