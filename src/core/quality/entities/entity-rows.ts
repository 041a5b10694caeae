import {
  type Features,
  ID_ALPHABET,
  isEntityType,
  isOwnId,
  jsonBytes,
  MAX_READ_BYTES,
  TYPE_ALPHABET,
} from "../../model/entity.ts";
import type { EntityKey } from "../../model/prediction-record.ts";
import { ok, type Result } from "../../model/result.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";
import { UnreadableRow } from "../../predict/rows/row-error.ts";
import type { EntityDeps, EntityRefusal } from "./entity-failure.ts";
import { readFeatures, type TooLarge } from "./read-features.ts";

/** Milliseconds for one round trip: whoever waits for a prediction waits for its features, too. */
export const FEATURES_DEADLINE_MS = 2_000;

/** Entities that a request names, as rows. */
export interface EntityRows {
  /** As `encodeRow` takes them: features, or why there are none. */
  readonly rows: readonly unknown[];
  /** What each row is of; `undefined` for one that names no entity. */
  readonly entities: readonly (EntityKey | undefined)[];
}

/** The entity that `type:id` names; `undefined` for what names none. A type has no colon in it, an id may. */
export function readEntityWord(word: unknown): EntityKey | undefined {
  if (typeof word !== "string") return undefined;
  const colon = word.indexOf(":");
  const [type, id] = [word.slice(0, Math.max(0, colon)), word.slice(colon + 1)];
  return isEntityType(type) && isOwnId(id) ? { type, id } : undefined;
}

/** How many types the words name: a round trip each. */
export const countTypes = (words: readonly unknown[]): number =>
  new Set(words.flatMap((word) => readEntityWord(word)?.type ?? [])).size;

/**
 * Makes rows of entities, `type:id` each, by their stored features; in their order, and any may
 * come again. What names no entity, is not there, or has no features fails as a row alone. One
 * round trip for each type, one after another; holds the features of all, up to MAX_READ_BYTES.
 */
export async function readEntityRows(
  deps: EntityDeps,
  words: readonly unknown[],
): Promise<Result<EntityRows, SharedCacheFailure | TooLarge>> {
  const entities = words.map(readEntityWord);
  const places = new Map<string, number[]>();
  for (const [place, entity] of entities.entries()) {
    if (entity === undefined) continue;
    const ofType = places.get(entity.type);
    if (ofType === undefined) places.set(entity.type, [place]);
    else ofType.push(place);
  }
  const rows: unknown[] = words.map(() => NO_ENTITY);
  let maxBytes = MAX_READ_BYTES;
  let typesLeft = places.size;
  for (const [type, ofType] of places) {
    const ids = ofType.map((place) => entities[place]?.id ?? "");
    const limits = { deadlineMs: FEATURES_DEADLINE_MS, maxBytes };
    const read = await readFeatures(deps, type, ids, limits);
    if (!read.ok) return read;
    for (const [index, place] of ofType.entries()) {
      const features = read.value[index];
      if (features !== undefined) rows[place] = rowOf({ type, id: ids[index] ?? "" }, features);
    }
    typesLeft -= 1;
    // Most requests are of one type, and need not be measured.
    if (typesLeft > 0) maxBytes -= bytesOf(read.value);
  }
  return ok({ rows, entities });
}

/** What comes more than once is one object. */
const bytesOf = (read: readonly Result<Features, EntityRefusal>[]): number =>
  [...new Set(read.flatMap((one) => (one.ok ? [one.value] : [])))].reduce(
    (sum, features) => sum + jsonBytes(features),
    0,
  );

const NO_ENTITY = new UnreadableRow(
  "invalid_row",
  `must name an entity as text, 'type:id', such as "match:m-1": the type ${TYPE_ALPHABET}; the id ${ID_ALPHABET}`,
);

function rowOf({ type, id }: EntityKey, features: Result<Features, EntityRefusal>): unknown {
  const put = `PUT /v1/entities/${type}/${id}`;
  if (!features.ok) {
    return new UnreadableRow(
      "entity_not_found",
      `is not there: ${features.failure.detail}. Make it by ${put}`,
    );
  }
  // A model whose every feature may be missing would else answer for nothing.
  if (Object.keys(features.value).length > 0) return features.value;
  return new UnreadableRow(
    "entity_without_features",
    `has no features to predict on: give it some by ${put}`,
  );
}
