import { type Deployment, type Move, moveSchema } from "../../model/deployment.ts";
import { historyPrefix, tombstoneKey, versionsPrefix } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { listKeys } from "../list-keys.ts";
import { readDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { checkVersions } from "./check-route.ts";

/** The end of a model's history. */
export interface NewestMove {
  /** 0 where there is no history. */
  readonly rev: number;
  /** Missing where its entry cannot be read. */
  readonly move: Move | undefined;
}

/** The newest entry of a model's history. One LIST per thousand moves, one GET. */
export async function newestMove(
  store: ObjectStore,
  model: string,
): Promise<Result<NewestMove, StoreFailure>> {
  const listed = await listKeys(store, historyPrefix(model));
  if (!listed.ok) return listed;
  const newest = listed.value
    .map(({ key }) => ({
      key,
      rev: Number(/\/history\/(\d+)\.json$/.exec(key)?.[1] ?? Number.NaN),
    }))
    .filter(({ rev }) => Number.isSafeInteger(rev))
    .at(-1);
  if (newest === undefined) return ok({ rev: 0, move: undefined });
  const read = await readDocument(store, newest.key, moveSchema);
  if (read.ok) return ok({ rev: newest.rev, move: read.value.value });
  const { failure } = read;
  if (failure.reason !== "invalid_document") return fail(failure);
  return ok({ rev: newest.rev, move: undefined });
}

/**
 * What a pointer that is lost or unreadable was, as its history tells: the state that moves go
 * on from, so that none has the revision of an older one. An alias whose versions are gone is
 * left out. Of a model that never was, revision 0 without aliases: one LIST.
 */
export async function recoverDeployment(
  store: ObjectStore,
  model: string,
): Promise<Result<Deployment, RegistryFailure>> {
  const newest = await newestMove(store, model);
  if (!newest.ok) return unavailable(newest.failure);
  const { rev, move } = newest.value;
  if (rev === 0) return ok({ model, rev, aliases: {} });
  const listed = await listKeys(store, versionsPrefix(model));
  if (!listed.ok) return unavailable(listed.failure);
  const deleted = listed.value.flatMap(({ key }) => {
    const version = /\/versions\/(\d+)\/[^/]+$/.exec(key)?.[1] ?? "";
    return key === tombstoneKey(model, version) ? [version] : [];
  });
  const recovered: Deployment = { model, rev, aliases: {}, deleted };
  if (move === undefined) return ok(recovered);
  const kept: [string, Deployment["aliases"][string]][] = [];
  for (const [alias, route] of Object.entries(move.aliases)) {
    const present = await checkVersions(store, recovered, route);
    if (present.ok) kept.push([alias, route]);
    else if (present.failure.reason === "store_unavailable") return present;
  }
  return ok({ ...recovered, aliases: Object.fromEntries(kept), last_move: move });
}

const unavailable = ({ detail, cause }: StoreFailure): Result<never, RegistryFailure> =>
  fail({ reason: "store_unavailable", detail, cause });
