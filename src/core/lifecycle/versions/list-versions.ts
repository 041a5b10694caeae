import type { Deployment } from "../../model/deployment.ts";
import { ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { inParallel } from "../in-parallel.ts";
import { listVersions } from "../list-repository.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { describeVersion, type VersionDescription } from "./describe-version.ts";

export interface VersionPage {
  /** Newest first. */
  readonly items: readonly VersionDescription[];
  /** Version to go on before; missing on the last page. */
  readonly nextBefore?: number;
}

/** Versions of a model, newest first; deleted and unfinished ones are left out. Three calls an item. */
export async function listVersionDescriptions(
  store: ObjectStore,
  deployment: Deployment,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<Result<VersionPage, RegistryFailure>> {
  const versions = await listVersions(store, deployment.model);
  if (!versions.ok) return versions;
  const older = versions.value
    .map(Number)
    .filter((number) => before === undefined || number < before)
    .sort((a, b) => b - a);
  const wanted = older.slice(0, limit);
  const described = await inParallel(wanted, (number) =>
    describeIfThere(store, deployment, String(number)),
  );
  if (!described.ok) return described;
  const last = wanted.at(-1);
  const isMore = older.length > wanted.length && last !== undefined;
  return ok({
    items: described.value.filter((version) => version !== undefined),
    ...(isMore ? { nextBefore: last } : {}),
  });
}

async function describeIfThere(
  store: ObjectStore,
  deployment: Deployment,
  version: string,
): Promise<Result<VersionDescription | undefined, RegistryFailure>> {
  const described = await describeVersion(store, deployment, version);
  if (described.ok) return described;
  const { reason } = described.failure;
  const isNone = reason === "version_not_found" || reason === "version_deleted";
  return isNone || reason === "invalid_manifest" ? ok(undefined) : described;
}
