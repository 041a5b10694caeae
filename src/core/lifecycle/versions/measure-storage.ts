import { modelPrefix, modelsPrefix } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ListedObject, ObjectStore } from "../../ports/object-store.ts";
import { inParallel } from "../in-parallel.ts";
import { listKeys } from "../list-keys.ts";
import { namedVersions } from "../pointer/check-route.ts";
import { currentDeployment } from "../pointer/current-deployment.ts";
import type { RegistryFailure } from "../registry-failure.ts";

export interface ModelStorage {
  readonly model: string;
  readonly versions: number;
  readonly bytes: number;
}

export interface StorageReport {
  readonly models: number;
  readonly versions: number;
  readonly objects: number;
  readonly bytes: number;
  /** Most bytes first. */
  readonly by_model: readonly ModelStorage[];
  readonly oldest?: {
    readonly model: string;
    readonly version: string;
    readonly modified_at: string;
  };
  /** Versions that no alias names. */
  readonly unreferenced: readonly {
    readonly model: string;
    readonly version: string;
    readonly bytes: number;
  }[];
  /** Bytes without a manifest: a publish that was cut off, or is under way. */
  readonly unfinished: readonly {
    readonly model: string;
    readonly version: string;
    readonly bytes: number;
  }[];
}

interface StoredVersion {
  readonly model: string;
  readonly version: string;
  bytes: number;
  hasManifest: boolean;
  modifiedAt: string;
}

/** What the bucket holds. One LIST per thousand objects and one GET per model. */
export async function measureStorage(
  store: ObjectStore,
): Promise<Result<StorageReport, RegistryFailure>> {
  const keys = await listKeys(store, modelsPrefix);
  if (!keys.ok) {
    const { detail, cause } = keys.failure;
    return fail({ reason: "store_unavailable", detail, cause });
  }
  const stored = storedVersions(keys.value);
  const models = [...new Set(keys.value.map(({ key }) => key.split("/")[1] ?? ""))];
  const named = await inParallel(models, (model) => versionsInUse(store, model, stored));
  if (!named.ok) return named;
  const inUse = new Set(named.value.flat());
  const finished = stored.filter(({ hasManifest }) => hasManifest);
  const oldest = [...finished].sort((a, b) => (a.modifiedAt < b.modifiedAt ? -1 : 1))[0];
  return ok({
    models: models.length,
    versions: finished.length,
    objects: keys.value.length,
    bytes: keys.value.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    by_model: models
      .map((model) => sumUp(model, keys.value, finished))
      .sort((a, b) => b.bytes - a.bytes),
    ...(oldest === undefined
      ? {}
      : {
          oldest: { model: oldest.model, version: oldest.version, modified_at: oldest.modifiedAt },
        }),
    unreferenced: finished.filter((one) => !inUse.has(`${one.model}@${one.version}`)).map(brief),
    unfinished: stored.filter(({ hasManifest, bytes }) => !hasManifest && bytes > 0).map(brief),
  });
}

const brief = ({ model, version, bytes }: StoredVersion) => ({ model, version, bytes });

const VERSION_KEY = /^models\/([^/]+)\/versions\/([^/]+)\/(model\.onnx|manifest\.json)$/;

function storedVersions(objects: readonly ListedObject[]): readonly StoredVersion[] {
  const versions = new Map<string, StoredVersion>();
  for (const { key, sizeBytes, modifiedAt = "" } of objects) {
    const [, model, version, file] = VERSION_KEY.exec(key) ?? [];
    if (model === undefined || version === undefined) continue;
    const id = `${model}@${version}`;
    const known = versions.get(id) ?? {
      model,
      version,
      bytes: 0,
      hasManifest: false,
      modifiedAt,
    };
    if (file === "manifest.json") known.hasManifest = true;
    else known.bytes = sizeBytes;
    versions.set(id, known);
  }
  return [...versions.values()];
}

const sumUp = (
  model: string,
  objects: readonly ListedObject[],
  finished: readonly StoredVersion[],
): ModelStorage => ({
  model,
  versions: finished.filter((one) => one.model === model).length,
  bytes: objects
    .filter(({ key }) => key.startsWith(modelPrefix(model)))
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
});

async function versionsInUse(
  store: ObjectStore,
  model: string,
  stored: readonly StoredVersion[],
): Promise<Result<readonly string[], RegistryFailure>> {
  const deployment = await currentDeployment(store, model);
  const idOf = (version: string) => `${model}@${version}`;
  if (deployment.ok) {
    const routes = Object.values(deployment.value.value.aliases);
    return ok(routes.flatMap(namedVersions).map(idOf));
  }
  const { reason } = deployment.failure;
  if (reason === "model_not_found") return ok([]);
  // Nobody knows what a damaged pointer names: nothing of it is offered for deletion.
  if (reason !== "deployment_unreadable") return deployment;
  return ok(stored.filter((one) => one.model === model).map(({ version }) => idOf(version)));
}
