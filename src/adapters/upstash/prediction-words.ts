import type { RecordGroup } from "../../core/model/prediction-record.ts";
import type { OutcomeChange } from "../../core/ports/prediction-store.ts";
import type { PageQuery } from "./prediction-answers.ts";

/** What the prediction store's scripts are given, as words. */

const DAY_MS = 86_400_000;

/** Days since 1970. */
export const dayNumber = (day: string): number => Math.floor(Date.parse(day) / DAY_MS);

/**
 * A route may have colons in it, and so may a version that is a remote's own name: those are
 * escaped. A number, as all versions of models here are, stays as it is.
 */
export const groupName = ({ version, strategy, route, day }: RecordGroup): string =>
  [version.replace(/[%:]/g, encodeURIComponent), strategy, route, day].join(":");

/** The group of a name; `undefined` for what names none. */
export function readGroup(model: string, name: string): RecordGroup | undefined {
  const [version = "", strategy = "", ...rest] = name.split(":");
  const day = rest.at(-1) ?? "";
  const route = rest.slice(0, -1).join(":");
  if (rest.length < 2 || Number.isNaN(Date.parse(`${day}T00:00:00Z`))) return undefined;
  const plain = version.replaceAll("%3A", ":").replaceAll("%25", "%");
  return { model, version: plain, strategy, route, day };
}

export const wordsOfCounters = (counters: ReadonlyMap<string, bigint>): readonly string[] =>
  [...counters].flatMap(([name, by]) => [name, String(by)]);

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
