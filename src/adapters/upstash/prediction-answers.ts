import { parseText } from "../../core/model/parse-text.ts";
import {
  outcomeSchema,
  predictionRecordSchema,
  type RecordGroup,
} from "../../core/model/prediction-record.ts";
import {
  type GroupCounters,
  type KeptPrediction,
  newestFirst,
  type OutcomeChanged,
  type RecordPlace,
} from "../../core/ports/prediction-store.ts";

/** What the prediction store's scripts answer, read; `undefined` for what none of them says. */

export interface PageQuery {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly after?: RecordPlace | undefined;
  readonly limit: number;
}

const FIELDS = 5;

/** A list of texts and numbers, as texts. */
export function textsOf(answer: unknown): readonly string[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  const texts: string[] = [];
  for (const item of answer) {
    if (typeof item !== "string" && typeof item !== "number") return undefined;
    texts.push(String(item));
  }
  return texts;
}

/** Records by their fields; one that is damaged makes the whole answer unreadable: it is not absent. */
export function readKept(
  answer: unknown,
  count: number,
): readonly (KeptPrediction | undefined)[] | undefined {
  const texts = textsOf(answer);
  if (texts?.length !== count * FIELDS) return undefined;
  const kept: (KeptPrediction | undefined)[] = [];
  for (let at = 0; at < texts.length; at += FIELDS) {
    const [doc = "", rev = "", out = "", outAt = "", outBy = ""] = texts.slice(at, at + FIELDS);
    if (doc === "") {
      kept.push(undefined);
      continue;
    }
    const record = predictionRecordSchema.safeParse(parseText(doc));
    const outcome = out === "" ? undefined : readOutcome(out, outAt, outBy);
    const isWhole = record.success && isRevision(rev);
    if (!isWhole || (out !== "" && outcome === undefined)) return undefined;
    const base = { record: record.data, rev: Number(rev) };
    kept.push(outcome === undefined ? base : { ...base, outcome });
  }
  return kept;
}

const isRevision = (text: string): boolean => /^[1-9]\d*$/.test(text);

function readOutcome(out: string, at: string, by: string) {
  const told = { value: parseText(out), at };
  const read = outcomeSchema.safeParse(by === "" ? told : { ...told, by });
  return read.success ? read.data : undefined;
}

/** Places, below `count`, of records that are there already. */
export function readThere(answer: unknown, count: number): ReadonlySet<number> | undefined {
  const texts = textsOf(answer);
  const places = texts?.map((text) => (/^\d+$/.test(text) ? Number(text) : count));
  return places?.every((place) => place < count) ? new Set(places) : undefined;
}

/** What became of outcomes. */
export function readChanged(answer: unknown, count: number): readonly OutcomeChanged[] | undefined {
  const texts = textsOf(answer);
  if (texts?.length !== count * FIELDS) return undefined;
  const changed: OutcomeChanged[] = [];
  for (let at = 0; at < texts.length; at += FIELDS) {
    const [kind, out = "", outAt = "", rev = "", outBy = ""] = texts.slice(at, at + FIELDS);
    const outcome = readOutcome(out, outAt, outBy);
    if (kind === "absent") changed.push({ kind });
    else if (outcome === undefined) return undefined;
    else if (kind === "conflict") changed.push({ kind, outcome });
    else if ((kind === "set" || kind === "unchanged") && isRevision(rev)) {
      changed.push({ kind, outcome, rev: Number(rev) });
    } else return undefined;
  }
  return changed;
}

/** Members of a sorted set and their times. */
export function readTimes(texts: readonly string[]) {
  const timed: (readonly [member: string, atMs: number])[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    const [member = "", time = ""] = texts.slice(at, at + 2);
    const atMs = time === "" ? Number.NaN : Number(time);
    if (member === "" || !Number.isFinite(atMs)) return undefined;
    timed.push([member, atMs]);
  }
  return timed;
}

/** The ids of a page, newest first and by id within a millisecond, and where the next one begins. */
export function pageOf(
  answer: unknown,
  { fromMs, after, limit }: PageQuery,
): { readonly ids: readonly string[]; readonly next?: RecordPlace } | undefined {
  const texts = textsOf(answer);
  const timed = texts && readTimes(texts);
  if (timed === undefined) return undefined;
  // What is left of one millisecond comes once more with the rest.
  const times = new Map(timed);
  const places = [...times]
    .map(([id, atMs]) => ({ id, atMs }))
    .filter((place) => after === undefined || newestFirst(place, after) > 0)
    .filter(({ atMs }) => fromMs === undefined || atMs >= fromMs)
    .sort(newestFirst);
  const chosen = places.slice(0, limit);
  const last = chosen.at(-1);
  const ids = chosen.map(({ id }) => id);
  return places.length > limit && last !== undefined ? { ids, next: last } : { ids };
}

/** Counters of each group, in their order; a group whose counters have expired is left out. */
export function readCounters(
  answer: unknown,
  groups: readonly RecordGroup[],
): readonly GroupCounters[] | undefined {
  if (!Array.isArray(answer) || answer.length !== groups.length) return undefined;
  const found: GroupCounters[] = [];
  for (const [index, group] of groups.entries()) {
    const texts = textsOf(answer[index]);
    if (texts === undefined) return undefined;
    const counters = new Map<string, bigint>();
    for (let at = 0; at < texts.length; at += 2) {
      const sum = texts[at + 1] ?? "";
      if (!/^-?\d+$/.test(sum)) return undefined;
      if (sum !== "0") counters.set(texts[at] ?? "", BigInt(sum));
    }
    if (counters.size > 0) found.push({ group, counters });
  }
  return found;
}
