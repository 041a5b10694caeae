import type { ModelCache } from "../cache/model-cache.ts";
import { modelsPrefix, versionsPrefix } from "../model/keys.ts";
import { isModelName, isVersion } from "../model/reference.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { inParallel } from "./in-parallel.ts";
import { listFolders } from "./list-folders.ts";
import type { VersionLoader } from "./version-loader.ts";

export interface RepositoryDeps {
  readonly store: ObjectStore;
  readonly models: ModelCache;
  readonly loader: VersionLoader;
}

/** A version in the bucket as this isolate sees it; states as in Triton's repository extension. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: "READY" | "LOADING" | "UNAVAILABLE";
  /** Why it is not `READY`; empty when it is. */
  readonly reason: string;
}

/** The bucket could not be listed. */
export interface StoreUnavailable {
  readonly reason: "store_unavailable";
  readonly detail: string;
  readonly cause?: unknown;
}

/** Names of all models in the bucket, in byte order. One LIST per thousand. */
export async function listModels(
  store: ObjectStore,
): Promise<Result<readonly string[], StoreUnavailable>> {
  const names = await foldersOf(store, modelsPrefix);
  // The store orders folders with their slash: `a-b/` before `a/`.
  return names.ok ? ok(names.value.filter(isModelName).sort()) : names;
}

/** Versions of one model in numeric order; empty when there is no such model. One LIST per thousand. */
export async function listVersions(
  store: ObjectStore,
  model: string,
): Promise<Result<readonly string[], StoreUnavailable>> {
  const versions = await foldersOf(store, versionsPrefix(model));
  if (!versions.ok) return versions;
  return ok(versions.value.filter(isVersion).sort((a, b) => Number(a) - Number(b)));
}

/** Every version of every model with its state in this isolate. One LIST per model. */
export async function indexRepository(
  deps: RepositoryDeps,
): Promise<Result<readonly IndexEntry[], StoreUnavailable>> {
  const models = await listModels(deps.store);
  if (!models.ok) return models;
  const pages = await inParallel(models.value, (model) => indexModel(deps, model));
  return pages.ok ? ok(pages.value.flat()) : pages;
}

async function indexModel(
  deps: RepositoryDeps,
  model: string,
): Promise<Result<readonly IndexEntry[], StoreUnavailable>> {
  const versions = await listVersions(deps.store, model);
  return versions.ok
    ? ok(versions.value.map((version) => describe(deps, model, version)))
    : versions;
}

function describe(deps: RepositoryDeps, name: string, version: string): IndexEntry {
  if (deps.models.peek(name, version) !== undefined)
    return { name, version, state: "READY", reason: "" };
  if (deps.loader.isLoading(name, version)) {
    return { name, version, state: "LOADING", reason: "being loaded" };
  }
  const broken = deps.loader.broken(name, version)?.failure;
  const reason =
    broken === undefined
      ? "not loaded in this isolate: the first request loads it"
      : `${broken.reason}: ${broken.detail}`;
  return { name, version, state: "UNAVAILABLE", reason };
}

async function foldersOf(
  store: ObjectStore,
  prefix: string,
): Promise<Result<readonly string[], StoreUnavailable>> {
  const folders = await listFolders(store, prefix);
  if (folders.ok) return folders;
  const { detail, cause } = folders.failure;
  return fail({ reason: "store_unavailable", detail, cause });
}
