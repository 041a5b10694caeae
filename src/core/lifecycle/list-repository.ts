import type { ModelCache } from "../cache/model-cache.ts";
import type { ServeFailure } from "../model/failure.ts";
import { modelsPrefix, versionsPrefix } from "../model/keys.ts";
import { isModelName, isVersion } from "../model/reference.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { ObjectStore } from "../ports/object-store.ts";
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

const LIST_DEADLINE_MS = 10_000;
// Workers wait for the headers of six connections at once; one is left for requests.
const PARALLEL_LISTS = 5;

/** Names of all models in the bucket, in byte order. One LIST per thousand. */
export async function listModels(
  store: ObjectStore,
): Promise<Result<readonly string[], ServeFailure>> {
  const names = await listFolders(store, modelsPrefix);
  // The store orders folders with their slash: `a-b/` before `a/`.
  return names.ok ? ok(names.value.filter(isModelName).sort()) : names;
}

/** Versions of one model in numeric order; empty when there is no such model. One LIST per thousand. */
export async function listVersions(
  store: ObjectStore,
  model: string,
): Promise<Result<readonly string[], ServeFailure>> {
  const versions = await listFolders(store, versionsPrefix(model));
  if (!versions.ok) return versions;
  return ok(versions.value.filter(isVersion).sort((a, b) => Number(a) - Number(b)));
}

/** Every version of every model with its state in this isolate. One LIST per model. */
export async function indexRepository(
  deps: RepositoryDeps,
): Promise<Result<readonly IndexEntry[], ServeFailure>> {
  const models = await listModels(deps.store);
  if (!models.ok) return models;
  const entries: IndexEntry[] = [];
  for (let start = 0; start < models.value.length; start += PARALLEL_LISTS) {
    const names = models.value.slice(start, start + PARALLEL_LISTS);
    const pages = await Promise.all(names.map((model) => indexModel(deps, model)));
    for (const page of pages) {
      if (!page.ok) return page;
      entries.push(...page.value);
    }
  }
  return ok(entries);
}

async function indexModel(
  deps: RepositoryDeps,
  model: string,
): Promise<Result<readonly IndexEntry[], ServeFailure>> {
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

async function listFolders(
  store: ObjectStore,
  prefix: string,
): Promise<Result<readonly string[], ServeFailure>> {
  const folders: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(prefix, {
      deadlineMs: LIST_DEADLINE_MS,
      delimiter: "/",
      ...(cursor === undefined ? {} : { cursor }),
    });
    if (!page.ok) {
      const { detail, cause } = page.failure;
      return fail({ reason: "store_unavailable", detail, cause });
    }
    folders.push(...page.value.prefixes.map((folder) => folder.slice(prefix.length, -1)));
    cursor = page.value.nextCursor;
  } while (cursor !== undefined);
  return ok(folders);
}
