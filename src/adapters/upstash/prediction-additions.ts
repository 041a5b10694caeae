import {
  groupOf,
  type PredictionRecord,
  type RecordGroup,
} from "../../core/model/prediction-record.ts";
import { COUNTERS_KEPT_MS, type RecordDraft } from "../../core/ports/prediction-store.ts";
import { addCounters } from "../../core/quality/metrics/counters.ts";
import { dayNumber, groupName, wordsOfCounters } from "./prediction-words.ts";

const DAY_MS = 86_400_000;
/** Longer than any record lives: `record.days` is at most 3,650. */
const GROUPS_KEPT_DAYS = 4_100;

/** Records that differ in nothing but what is each row's own. */
interface Run {
  readonly first: PredictionRecord;
  readonly drafts: RecordDraft[];
}

/** Drafts that count for one group and live equally long. */
interface DraftGroup {
  readonly group: RecordGroup;
  readonly ttlMs: number;
  /** What all of them add to the counters. */
  readonly sums: Map<string, bigint>;
  readonly runs: Run[];
}

/** The groups of drafts, in the order they are first met in. Of two with one id the second is left out. */
export function groupDrafts(drafts: readonly RecordDraft[]): readonly DraftGroup[] {
  const groups = new Map<string, DraftGroup>();
  const ids = new Set<string>();
  let last: { readonly of: DraftGroup; readonly run: Run } | undefined;
  for (const draft of drafts) {
    const { record, ttlMs } = draft;
    if (ids.has(record.id)) continue;
    ids.add(record.id);
    if (last?.of.ttlMs !== ttlMs || !isAlike(last.run.first, record)) {
      const of = groupFor(groups, record, ttlMs);
      const run = { first: record, drafts: [] };
      of.runs.push(run);
      last = { of, run };
    }
    last.run.drafts.push(draft);
    addCounters(last.of.sums, draft.counters);
  }
  return [...groups.values()];
}

function groupFor(groups: Map<string, DraftGroup>, record: PredictionRecord, ttlMs: number) {
  const group = groupOf(record);
  const name = `${ttlMs} ${group.model} ${groupName(group)}`;
  const of = groups.get(name) ?? { group, ttlMs, sums: new Map<string, bigint>(), runs: [] };
  groups.set(name, of);
  return of;
}

/** Drafts in the order in which their command names them. */
export const draftsOf = (groups: readonly DraftGroup[]): readonly RecordDraft[] =>
  groups.flatMap(({ runs }) => runs.flatMap((run) => run.drafts));

/** Before the records' own words: now, what the unarchived forget, two prefixes, two counts. */
export interface AddPrefixes {
  readonly record: string;
  readonly entity: string;
}

/** ARGV of `ADD`. */
export function addWords(
  groups: readonly DraftGroup[],
  nowMs: number,
  prefixes: AddPrefixes,
): readonly string[] {
  const lastsMs = Math.max(...groups.map(({ ttlMs }) => countersLeftMs(ttlMs)));
  const words = [String(nowMs), String(nowMs - lastsMs), prefixes.record, prefixes.entity];
  words.push(String(groups.length));
  for (const group of groups) {
    words.push(...groupWords(group, nowMs), String(group.runs.length));
    for (const { first, drafts } of group.runs) {
      words.push(String(Date.parse(first.at)), sharedText(first), String(drafts.length));
      for (const { record } of drafts) words.push(ownText(record), entityWord(record));
    }
  }
  return words;
}

function groupWords({ group, ttlMs, sums }: DraftGroup, nowMs: number): readonly string[] {
  const day = dayNumber(group.day);
  return [
    groupName(group),
    String(day),
    String(day - GROUPS_KEPT_DAYS),
    String(nowMs - ttlMs),
    String(countersLeftMs(ttlMs)),
    String(ttlMs),
    String(sums.size),
    ...wordsOfCounters(sums),
  ];
}

const countersLeftMs = (ttlMs: number): number => Math.max(COUNTERS_KEPT_MS, ttlMs + DAY_MS);

const entityWord = ({ entity }: PredictionRecord): string =>
  entity === undefined ? "-" : `${entity.type}:${entity.id}`;

/** What rows of one request have in common, and is sent once for all of them. */
type SharedField = "at" | "model" | "version" | "digest" | "route" | "strategy" | "tier";

const sharedPart = ({ at, model, version, digest, route, strategy, tier }: PredictionRecord) =>
  ({ at, model, version, digest, route, strategy, tier }) satisfies Record<SharedField, string>;

/** The rest of a record, each field by its name: as what is left of it, it would take twice as long. */
const ownPart = ({
  id,
  input_digest,
  inputs,
  inputs_omitted,
  output,
  output_omitted,
  rows,
  confidence,
  entity,
}: PredictionRecord): Record<Exclude<keyof PredictionRecord, SharedField>, unknown> => ({
  id,
  input_digest,
  inputs,
  inputs_omitted,
  output,
  output_omitted,
  rows,
  confidence,
  entity,
});

const isAlike = (a: PredictionRecord, b: PredictionRecord): boolean =>
  a.at === b.at &&
  a.version === b.version &&
  a.tier === b.tier &&
  a.route === b.route &&
  a.model === b.model &&
  a.digest === b.digest &&
  a.strategy === b.strategy;

/** The beginning of a record as JSON: what is each one's own follows. */
const sharedText = (record: PredictionRecord): string =>
  `${JSON.stringify(sharedPart(record)).slice(0, -1)},`;

const ownText = (record: PredictionRecord): string => JSON.stringify(ownPart(record)).slice(1);
