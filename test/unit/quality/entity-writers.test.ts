import fc, { type Scheduler } from "fast-check";
import { expect, it } from "vitest";
import { createMemoryEntityStore } from "../../../src/adapters/memory/entity-store.ts";
import {
  type Entity,
  type EntityChange,
  MAX_READ_BYTES,
  type Outcome,
} from "../../../src/core/model/entity.ts";
import { fail } from "../../../src/core/model/result.ts";
import type { EntityStore } from "../../../src/core/ports/entity-store.ts";
import { deleteEntity } from "../../../src/core/quality/entities/delete-entity.ts";
import type { EntityPut } from "../../../src/core/quality/entities/plan-puts.ts";
import { putEntities } from "../../../src/core/quality/entities/put-entities.ts";
import { readEntity } from "../../../src/core/quality/entities/read-entity.ts";
import { must } from "../../support/must.ts";
import { PlainMap } from "./plain-map.ts";

const TYPE = "match";
const IDS = ["a", "b"] as const;

type Write =
  | { readonly do: "delete"; readonly id: string }
  | { readonly do: "put"; readonly puts: readonly EntityPut[]; readonly isAnswerLost: boolean }
  /** Reads, then puts only while it is as it was read. */
  | { readonly do: "swap"; readonly id: string; readonly change: EntityChange };

const id = fc.constantFrom(...IDS);
const outcome = fc.constantFrom<Outcome>("won", "lost", 0);
const features = fc.option(
  fc.constantFrom({}, { x: 1 }, { x: 2 }).map((given) => ({ features: given })),
  { nil: {} },
);
const replace = fc.constantFrom({}, { replace: true });
const state = fc.oneof(
  fc.constant({}),
  fc.constant({ state: "open" as const }),
  outcome.map((given) => ({ state: "finished" as const, outcome: given })),
);
const change = fc
  .tuple(features, state, replace)
  .map((parts): EntityChange => Object.assign({}, ...parts));
const write = fc.oneof<fc.Arbitrary<Write>[]>(
  fc.record({ do: fc.constant("delete" as const), id }),
  fc.record({
    do: fc.constant("put" as const),
    puts: fc.array(fc.record({ id, change }), { minLength: 1, maxLength: 3 }),
    isAnswerLost: fc.boolean(),
  }),
  fc.record({ do: fc.constant("swap" as const), id, change }),
);

/** What one writer did to one entity, at the moment when it took effect. */
interface Effect {
  readonly at: number;
  readonly id: string;
  readonly changes: readonly EntityChange[] | "delete";
  readonly ifRev: number | undefined;
  /** What each was answered; `lost`: the writer does not know. */
  readonly answers: readonly string[] | "lost";
  /** As the last answer has it. */
  readonly entity: Entity | undefined;
}

/** Every call of the store, and every revision that it gave, in their order. */
interface Log {
  calls: number;
  readonly revs: { readonly at: number; readonly id: string; readonly rev: number }[];
}

/** A store that others get in between of, before each call. `touchedAt`: when each id was last looked at or written. */
function inTurns(store: EntityStore, scheduler: Scheduler, log: Log) {
  const touchedAt = new Map<string, number>();
  const written = new Set<string>();
  const touch = (ids: readonly string[]) => {
    log.calls += 1;
    for (const one of ids) touchedAt.set(one, log.calls);
    return log.calls;
  };
  const turned: EntityStore = {
    async getMany(type, ids, ...limits) {
      await scheduler.schedule(Promise.resolve());
      touch(ids);
      return store.getMany(type, ids, ...limits);
    },
    async swapMany(type, writes, deadlineMs) {
      await scheduler.schedule(Promise.resolve());
      const at = touch(writes.map((one) => one.id));
      const swapped = await store.swapMany(type, writes, deadlineMs);
      for (const [place, rev] of must(swapped).entries()) {
        const one = writes[place]?.id ?? "";
        if (rev === undefined) continue;
        written.add(one);
        log.revs.push({ at, id: one, rev });
      }
      return swapped;
    },
    list: store.list,
  };
  return { store: turned, touchedAt, written };
}

const clock = { now: () => 1_700_000_000_000 };

async function carryOut(
  write: Write,
  store: EntityStore,
  scheduler: Scheduler,
  log: Log,
): Promise<readonly Effect[]> {
  if (write.do === "delete") {
    const mine = inTurns(store, scheduler, log);
    const deleted = await deleteEntity({ entities: mine.store }, TYPE, write.id);
    const answer = deleted.ok ? "ok" : deleted.failure.reason;
    const at = mine.touchedAt.get(write.id) ?? 0;
    const effect = { changes: "delete", ifRev: undefined, entity: undefined } as const;
    return [{ at, id: write.id, ...effect, answers: [answer] }];
  }
  if (write.do === "swap") {
    const read = await readEntity(
      { entities: inTurns(store, scheduler, log).store },
      TYPE,
      write.id,
    );
    const rev = read.ok ? read.value.rev : 0;
    return put([{ id: write.id, change: write.change, condition: { rev } }], false, rev);
  }
  const first = await put(write.puts, write.isAnswerLost);
  return write.isAnswerLost ? [...first, ...(await put(write.puts, false))] : first;

  async function put(
    puts: readonly EntityPut[],
    isAnswerLost: boolean,
    ifRev?: number,
  ): Promise<readonly Effect[]> {
    const mine = inTurns(store, scheduler, log);
    const entities: EntityStore = isAnswerLost
      ? {
          ...mine.store,
          async swapMany(...given) {
            await mine.store.swapMany(...given);
            return fail({ reason: "unreachable", detail: "the answer got lost" });
          },
        }
      : mine.store;
    const done = await putEntities({ entities, clock }, TYPE, puts);
    return [...new Set(puts.map((one) => one.id))].flatMap((one): Effect[] => {
      const places = [...puts.keys()].filter((place) => puts[place]?.id === one);
      const changes = places.map((place) => puts[place]?.change ?? {});
      const at = mine.touchedAt.get(one) ?? 0;
      if (!done.ok) {
        // Lost before anything was written of it: it had no effect.
        const isWritten = mine.written.has(one);
        return isWritten
          ? [{ at, id: one, changes, ifRev, answers: "lost", entity: undefined }]
          : [];
      }
      const outcomes = places.map((place) => done.value[place]);
      const answers = outcomes.map((each) => (each?.ok ? "ok" : (each?.failure.reason ?? "none")));
      const last = outcomes.findLast((each) => each?.ok);
      return [
        { at, id: one, changes, ifRev, answers, entity: last?.ok ? last.value.entity : undefined },
      ];
    });
  }
}

const seen = (entity: Entity | undefined) =>
  entity && { features: entity.features, state: entity.state, outcome: entity.outcome };
const plain = (model: PlainMap, one: string) => {
  const now = model.at(one);
  return now && { features: now.features, state: now.state, outcome: now.outcome };
};

it("equals a plain map under any interleaving of writers, lost answers and repeats", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(write, { maxLength: 4 }), { minLength: 2, maxLength: 4 }),
      fc.scheduler(),
      async (writers, scheduler) => {
        const store = createMemoryEntityStore();
        const log: Log = { calls: 0, revs: [] };
        const running = writers.map(async (writes) => {
          const effects: Effect[] = [];
          for (const one of writes) {
            effects.push(...(await carryOut(one, store, scheduler, log)));
          }
          return effects;
        });
        const effects = (await scheduler.waitFor(Promise.all(running))).flat();
        const model = new PlainMap();
        for (const effect of effects.toSorted((a, b) => a.at - b.at)) {
          const answers = model.apply(effect);
          if (effect.answers !== "lost") expect(effect.answers).toEqual(answers);
          if (effect.entity !== undefined) {
            expect(seen(effect.entity)).toEqual(plain(model, effect.id));
          }
          const given = log.revs.find(({ at, id: one }) => at === effect.at && one === effect.id);
          if (given !== undefined) model.setRev(effect.id, given.rev);
        }
        for (const one of IDS) {
          const [kept] = must(await store.getMany(TYPE, [one], 1_000, MAX_READ_BYTES));
          expect(seen(kept)).toEqual(plain(model, one));
        }
        const given = log.revs.map(({ rev }) => rev);
        expect(given).toEqual([...new Set(given)].sort((a, b) => a - b));
      },
    ),
    { numRuns: 500 },
  );
});
