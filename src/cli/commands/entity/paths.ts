import { ID_ALPHABET, isEntityType, isOwnId, TYPE_ALPHABET } from "../../../core/model/entity.ts";
import { parseOrUndefined } from "../../client/problem.ts";
import { usageFailure } from "../../failure.ts";

/** The path of a type of entities, or of one of them. @throws CliFailure */
export function entityPath(type: string, id?: string): string {
  if (!isEntityType(type)) throw usageFailure(`'${type}' is not a type: ${TYPE_ALPHABET}`);
  if (id === undefined) return `/v1/entities/${type}`;
  return `/v1/entities/${type}/${encodeURIComponent(readOwnId(id))}`;
}

/** An id of the caller's own, of an entity or a conversation. @throws CliFailure */
export function readOwnId(id: string): string {
  if (isOwnId(id)) return id;
  throw usageFailure(`'${id}' is not an id: ${ID_ALPHABET}`);
}

/** An outcome as it is typed: `2.5` is a number, `true` is true, the rest is text. */
export function readOutcome(word: string): string | number | boolean {
  const value = parseOrUndefined(word);
  return typeof value === "number" || typeof value === "boolean" ? value : word;
}
