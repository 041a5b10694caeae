import { groupOf, type RecordGroup } from "../../core/model/prediction-record.ts";
import { ok } from "../../core/model/result.ts";
import type {
  GroupCounters,
  KeptPrediction,
  PredictionStore,
  RecordDraft,
} from "../../core/ports/prediction-store.ts";
import { call, evaluate, type UpstashConfig, unexpected } from "./client.ts";
import { addWords, draftsOf, groupDrafts } from "./prediction-additions.ts";
import {
  type PageQuery,
  pageOf,
  readChanged,
  readCounters,
  readKept,
  readThere,
  textsOf,
} from "./prediction-answers.ts";
import {
  ADD,
  COUNTERS,
  GROUPS,
  MARK_ARCHIVED,
  PAGE,
  READ,
  SET_OUTCOMES,
  UNARCHIVED,
} from "./prediction-scripts.ts";
import { changeWords, dayNumber, groupName, pageWords, readGroup } from "./prediction-words.ts";
import { createUpstashSettling } from "./settle-store.ts";

const GROUPS_A_CALL = 100;

/** The prediction store port over Upstash's REST protocol. Each script is one HTTP call, never retried. */
export function createUpstashPredictionStore(config: UpstashConfig): PredictionStore {
  const { keyPrefix } = config;
  const recordKey = (id: string) => `${keyPrefix}rec:${id}`;
  const unarchivedKey = `${keyPrefix}recs:unarchived`;
  const groupsKey = (model: string) => `${keyPrefix}acc:${model}`;
  const countersKey = (group: RecordGroup) => `${groupsKey(group.model)}:${groupName(group)}`;
  const unsettledKey = `${keyPrefix}recs:unsettled`;
  const modelKey = (model: string) => `${keyPrefix}recs:model:${model}`;
  const entityPrefix = `${keyPrefix}recs:entity:`;
  const entityKey = (type: string, id: string) => `${entityPrefix}${type}:${id}`;

  const run = (
    script: string,
    keys: readonly string[],
    words: readonly string[],
    deadlineMs: number,
  ): Promise<unknown> => evaluate(config, script, keys, words, deadlineMs);

  const get = async (ids: readonly string[], deadlineMs: number) => {
    if (ids.length === 0) return [];
    return readKept(await run(READ, ids.map(recordKey), [], deadlineMs), ids.length);
  };

  const addKeys = (groups: ReturnType<typeof groupDrafts>, drafts: readonly RecordDraft[]) => [
    unarchivedKey,
    unsettledKey,
    ...drafts.map(({ record }) => recordKey(record.id)),
    ...groups.flatMap(({ group }) => [
      countersKey(group),
      groupsKey(group.model),
      modelKey(group.model),
    ]),
  ];

  /** Adds those that are not there; while there are some, they are left out and the rest is sent. */
  async function add(drafts: readonly RecordDraft[], nowMs: number, deadlineMs: number) {
    for (let left = drafts; left.length > 0; ) {
      const groups = groupDrafts(left);
      const sent = draftsOf(groups);
      const words = addWords(groups, nowMs, { record: recordKey(""), entity: entityPrefix });
      const there = readThere(
        await run(ADD, addKeys(groups, sent), words, deadlineMs),
        sent.length,
      );
      if (there === undefined) return unexpected("EVAL");
      if (there.size === 0) return ok(sent.length);
      left = sent.filter((_, place) => !there.has(place));
    }
    return ok(0);
  }

  const page = (key: string, query: PageQuery, deadlineMs: number) =>
    call("EVAL", async () => {
      const chosen = pageOf(await run(PAGE, [key], pageWords(query), deadlineMs), query);
      if (chosen === undefined) return unexpected("EVAL");
      const kept = await get(chosen.ids, deadlineMs);
      if (kept === undefined) return unexpected("EVAL");
      const { next } = chosen;
      return ok({ items: kept.filter(isThere), ...(next === undefined ? {} : { next }) });
    });

  return {
    ...createUpstashSettling(config, {
      record: recordKey,
      counters: countersKey,
      entity: entityKey,
      unarchived: unarchivedKey,
      unsettled: unsettledKey,
    }),
    add: (drafts, nowMs, deadlineMs) => call("EVAL", () => add(drafts, nowMs, deadlineMs)),
    get: (ids, deadlineMs) =>
      call("EVAL", async () => {
        const kept = await get(ids, deadlineMs);
        return kept === undefined ? unexpected("EVAL") : ok(kept);
      }),
    setOutcomes: (changes, nowMs, deadlineMs) =>
      call("EVAL", async () => {
        if (changes.length === 0) return ok([]);
        const keys = changes.flatMap(({ record }) => [
          recordKey(record.id),
          countersKey(groupOf(record)),
        ]);
        const words = [String(nowMs), ...changes.flatMap(changeWords)];
        const answer = await run(SET_OUTCOMES, [unarchivedKey, ...keys], words, deadlineMs);
        const changed = readChanged(answer, changes.length);
        return changed === undefined ? unexpected("EVAL") : ok(changed);
      }),
    list: ({ model, ...query }, deadlineMs) => page(modelKey(model), query, deadlineMs),
    counters: (model, fromDay, deadlineMs) =>
      call("EVAL", async () => {
        const from = String(dayNumber(fromDay));
        const names = textsOf(await run(GROUPS, [groupsKey(model)], [from], deadlineMs));
        const groups = names?.map((name) => readGroup(model, name));
        if (!groups?.every((group) => group !== undefined)) return unexpected("EVAL");
        const found: GroupCounters[] = [];
        for (let at = 0; at < groups.length; at += GROUPS_A_CALL) {
          const some = groups.slice(at, at + GROUPS_A_CALL);
          const answer = await run(COUNTERS, some.map(countersKey), [], deadlineMs);
          const read = readCounters(answer, some);
          if (read === undefined) return unexpected("EVAL");
          found.push(...read);
        }
        return ok(found);
      }),
    unarchived: (limit, deadlineMs) => call("EVAL", () => unarchived(limit, deadlineMs)),
    markArchived: (archived, deadlineMs) =>
      call("EVAL", async () => {
        const isMarked = await mark(archived, deadlineMs);
        return isMarked ? ok(undefined) : unexpected("EVAL");
      }),
  };

  async function unarchived(limit: number, deadlineMs: number) {
    for (;;) {
      const ids = textsOf(await run(UNARCHIVED, [unarchivedKey], [String(limit)], deadlineMs));
      const kept = ids && (await get(ids, deadlineMs));
      if (ids === undefined || kept === undefined) return unexpected("EVAL");
      const expired = ids.filter((_, index) => kept[index] === undefined);
      // There is nothing left of them to archive.
      const forgotten = expired.map((id) => ({ id, rev: 0 }));
      if (!(await mark(forgotten, deadlineMs))) return unexpected("EVAL");
      if (expired.length < ids.length || ids.length === 0) return ok(kept.filter(isThere));
    }
  }

  /** False when the answer is none of the script's. */
  async function mark(
    archived: readonly { readonly id: string; readonly rev: number }[],
    deadlineMs: number,
  ): Promise<boolean> {
    if (archived.length === 0) return true;
    const keys = [unarchivedKey, ...archived.map(({ id }) => recordKey(id))];
    const words = archived.flatMap(({ id, rev }) => [id, String(rev)]);
    return (await run(MARK_ARCHIVED, keys, words, deadlineMs)) === 1;
  }
}

const isThere = (kept: KeptPrediction | undefined): kept is KeptPrediction => kept !== undefined;
