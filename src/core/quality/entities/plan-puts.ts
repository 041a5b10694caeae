import type { Entity, EntityChange, EntityContent } from "../../model/entity.ts";
import { applyChange } from "./apply-change.ts";
import { type EntityCondition, holds } from "./condition.ts";
import { changedMeanwhile, type EntityFailure } from "./entity-failure.ts";

export interface EntityPut {
  readonly id: string;
  readonly change: EntityChange;
  /** Left out: whatever is there. */
  readonly condition?: EntityCondition;
}

/** The puts of one id, in their order: they are one write. */
export interface Group {
  readonly id: string;
  readonly places: readonly number[];
}

/** The puts of each id, in the order of the ids' first ones. */
export function groupById(puts: readonly EntityPut[]): readonly Group[] {
  const groups = new Map<string, number[]>();
  for (const [place, { id }] of puts.entries()) {
    const places = groups.get(id);
    if (places === undefined) groups.set(id, [place]);
    else places.push(place);
  }
  return [...groups].map(([id, places]) => ({ id, places }));
}

/** What the puts of one id come to. */
export interface Plan {
  readonly group: Group;
  readonly current: Entity | undefined;
  /** The very same as `current` when nothing changes. */
  readonly content: EntityContent | undefined;
  /** By the place of the put. */
  readonly failures: ReadonlyMap<number, EntityFailure>;
}

/**
 * Carries out the puts of one id, one after another, on the entity as it was read. A put that fails
 * leaves what those before it made. No I/O.
 */
export function planGroup(
  current: Entity | undefined,
  group: Group,
  puts: readonly EntityPut[],
  nowMs: number,
): Plan {
  const failures = new Map<number, EntityFailure>();
  let content: EntityContent | undefined = current;
  for (const place of group.places) {
    const put = puts[place];
    if (put === undefined) continue;
    const { change, condition = "any" } = put;
    const next = applyChange(content, change, nowMs);
    // Already as wished: the answer to the first time got lost (RFC 9110, section 13.1.1).
    const isDone = next.ok && next.value === current && typeof condition === "object";
    if (!isDone && !holds(condition, current?.rev ?? 0)) {
      failures.set(place, changedMeanwhile().failure);
    } else if (next.ok) content = next.value;
    else failures.set(place, next.failure);
  }
  return { group, current, content, failures };
}
