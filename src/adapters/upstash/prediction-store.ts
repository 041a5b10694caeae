import { groupOf, type RecordGroup } from "../../core/model/prediction-record.ts";
import { ok } from "../../core/model/result.ts";
import type {
  GroupCounters,
  KeptPrediction,
  PredictionStore,
} from "../../core/ports/prediction-store.ts";
import { call, evaluate, type UpstashConfig, unexpected } from "./client.ts";
import {
  type PageQuery,
  pageOf,
  readChanged,
  readCounters,
  readKept,
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
import {
  addWords,
  changeWords,
  dayNumber,
  groupDrafts,
  groupName,
  pageWords,
  readGroup,
} from "./prediction-words.ts";
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
  const entityKey = (type: string, id: string) => `${keyPrefix}recs:entity:${type}:${id}`;

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

  const addKeys = ({ groups, grouped }: ReturnType<typeof groupDrafts>) => [
    unarchivedKey,
    ...groups.flatMap(({ group }) => [
      countersKey(group),
      groupsKey(group.model),
      modelKey(group.model),
    ]),
    ...grouped.flatMap(({ draft: { record } }) => [
      recordKey(record.id),
      record.entity === undefined ? "-" : entityKey(record.entity.type, record.entity.id),
    ]),
    unsettledKey,
  ];

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
    add: (drafts, nowMs, deadlineMs) =>
      call("EVAL", async () => {
        if (drafts.length === 0) return ok(0);
        const grouped = groupDrafts(drafts);
        const made = await run(ADD, addKeys(grouped), addWords(grouped, nowMs), deadlineMs);
        return typeof made === "number" ? ok(made) : unexpected("EVAL");
      }),
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
        if (names === undefined) return unexpected("EVAL");
        const groups = names.map((name) => readGroup(model, name));
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
    unarchived: (limit, deadlineMs) =>
      call("EVAL", async () => {
        for (;;) {
          const answer = await run(UNARCHIVED, [unarchivedKey], [String(limit)], deadlineMs);
          const ids = textsOf(answer);
          const kept = ids && (await get(ids, deadlineMs));
          if (ids === undefined || kept === undefined) return unexpected("EVAL");
          const expired = ids.filter((_, index) => kept[index] === undefined);
          // There is nothing left of them to archive.
          if (expired.length > 0)
            await mark(
              expired.map((id) => ({ id, rev: 0 })),
              deadlineMs,
            );
          if (expired.length < ids.length || ids.length === 0) return ok(kept.filter(isThere));
        }
      }),
    markArchived: (archived, deadlineMs) =>
      call("EVAL", async () => {
        if (archived.length > 0) await mark(archived, deadlineMs);
        return ok(undefined);
      }),
  };

  function mark(archived: readonly { readonly id: string; readonly rev: number }[], ms: number) {
    const keys = [unarchivedKey, ...archived.map(({ id }) => recordKey(id))];
    const words = archived.flatMap(({ id, rev }) => [id, String(rev)]);
    return run(MARK_ARCHIVED, keys, words, ms);
  }
}

const isThere = (kept: KeptPrediction | undefined): kept is KeptPrediction => kept !== undefined;
