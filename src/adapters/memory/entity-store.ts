import type { Entity } from "../../core/model/entity.ts";
import { ok } from "../../core/model/result.ts";
import type { EntityStore } from "../../core/ports/entity-store.ts";

/** The entity store port in this process's memory: for tests and for trying things out. */
export function createMemoryEntityStore(): EntityStore {
  const types = new Map<string, Map<string, Entity>>();
  let lastRev = 0;
  const entitiesOf = (type: string): Map<string, Entity> => {
    const found = types.get(type) ?? new Map<string, Entity>();
    types.set(type, found);
    return found;
  };
  return {
    getMany: async (type, ids) => ok(ids.map((id) => entitiesOf(type).get(id))),
    async swapMany(type, writes) {
      const entities = entitiesOf(type);
      const revs = writes.map(({ id, expectedRev, content }) => {
        if ((entities.get(id)?.rev ?? 0) !== expectedRev) return undefined;
        lastRev += 1;
        if (content === undefined) entities.delete(id);
        else entities.set(id, { ...content, type, id, rev: lastRev });
        return lastRev;
      });
      return ok(revs);
    },
    async list(type, { state, limit, after = "" }) {
      const found = [...entitiesOf(type).values()]
        .filter((entity) => entity.id > after && (state === undefined || entity.state === state))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const entities = found.slice(0, limit);
      const last = entities.at(-1);
      return ok(
        found.length > limit && last !== undefined
          ? { entities, nextAfter: last.id }
          : { entities },
      );
    },
  };
}
