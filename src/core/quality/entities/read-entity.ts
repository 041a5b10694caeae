import { type Entity, MAX_READ_BYTES } from "../../model/entity.ts";
import { ok, type Result } from "../../model/result.ts";
import {
  ENTITY_DEADLINE_MS,
  type EntityDeps,
  type EntityFailure,
  notFound,
} from "./entity-failure.ts";

/** One entity. One round trip. */
export async function readEntity(
  { entities }: EntityDeps,
  type: string,
  id: string,
): Promise<Result<Entity, EntityFailure>> {
  const read = await entities.getMany(type, [id], ENTITY_DEADLINE_MS, MAX_READ_BYTES);
  if (!read.ok) return read;
  const [entity] = read.value;
  return entity === undefined ? notFound(type, id) : ok(entity);
}
