import { type Entity, jsonBytes } from "../../core/model/entity.ts";
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
    async getMany(type, ids, _deadlineMs, maxBytes) {
      const found = ids.map((id) => entitiesOf(type).get(id));
      return ok(found.slice(0, countWithin(found, maxBytes)));
    },
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
    async list(type, { state, limit, after = "", maxBytes }) {
      const found = [...entitiesOf(type).values()]
        .filter((entity) => entity.id > after && (state === undefined || entity.state === state))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      const page = found.slice(0, limit);
      const entities = page.slice(0, countWithin(page, maxBytes));
      const last = entities.at(-1);
      return ok(
        found.length > entities.length && last !== undefined
          ? { entities, nextAfter: last.id }
          : { entities },
      );
    },
  };
}

/** How many of the first ones have no more bytes together; at least one. */
function countWithin(found: readonly (Entity | undefined)[], maxBytes: number): number {
  let bytes = 0;
  const over = found.findIndex((entity, place) => {
    bytes += entity === undefined ? 0 : jsonBytes(entity.features);
    return place > 0 && bytes > maxBytes;
  });
  return over < 0 ? found.length : over;
}
