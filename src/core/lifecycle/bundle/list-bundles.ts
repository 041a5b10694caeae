import { type Bundle, isBundleName } from "../../model/bundle.ts";
import { bundlesPrefix } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { inParallel } from "../in-parallel.ts";
import { listKeys } from "../list-keys.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { bundleFailure, readBundle } from "./read-bundle.ts";

/** A bundle whose document somebody damaged: listed, so that it is found and mended. */
export interface DamagedBundle {
  readonly name: string;
  readonly problem: string;
}

export interface BundlePage {
  readonly items: readonly (Bundle | DamagedBundle)[];
  /** Name to go on after; missing on the last page. */
  readonly nextAfter?: string;
}

/** A listed bundle and its validator. */
export interface ListedBundle {
  readonly name: string;
  readonly etag: string;
}

/** Bundles by name. One LIST per thousand of them, one GET for each of the page. */
export async function listBundles(
  store: ObjectStore,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Result<BundlePage, RegistryFailure>> {
  const listed = await listBundleNames(store);
  if (!listed.ok) return listed;
  const left = listed.value.filter(({ name }) => after === undefined || name > after);
  const page = left.slice(0, limit);
  const items = await inParallel(page, ({ name }) => readListed(store, name));
  if (!items.ok) return items;
  const last = page.at(-1)?.name;
  const isMore = left.length > page.length && last !== undefined;
  return ok({
    items: items.value.filter((item) => item !== undefined),
    ...(isMore ? { nextAfter: last } : {}),
  });
}

/** Every bundle, whole. One that is damaged fails it: nobody knows what it names. */
export async function readAllBundles(
  store: ObjectStore,
): Promise<Result<readonly Bundle[], RegistryFailure>> {
  const listed = await listBundleNames(store);
  if (!listed.ok) return listed;
  const read = await inParallel(listed.value, async ({ name }) => {
    const one = await readBundle(store, name);
    if (one.ok) return ok(one.value.value);
    // Deleted since it was listed.
    if (one.failure.reason === "absent") return ok(undefined);
    return fail(bundleFailure(name, one.failure));
  });
  return read.ok ? ok(read.value.filter((bundle) => bundle !== undefined)) : read;
}

/** Names and validators of all bundles, by name. One LIST per thousand. */
export async function listBundleNames(
  store: ObjectStore,
): Promise<Result<readonly ListedBundle[], RegistryFailure>> {
  const keys = await listKeys(store, bundlesPrefix);
  if (!keys.ok) {
    const { detail, cause } = keys.failure;
    return fail({ reason: "store_unavailable", detail, cause });
  }
  const listed = keys.value.flatMap(({ key, etag }) => {
    const name = /^bundles\/([^/]+)\.json$/.exec(key)?.[1];
    return name !== undefined && isBundleName(name) ? [{ name, etag }] : [];
  });
  // The store orders keys with their ending: `a-b.json` before `a.json`.
  return ok(listed.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

async function readListed(
  store: ObjectStore,
  name: string,
): Promise<Result<Bundle | DamagedBundle | undefined, RegistryFailure>> {
  const read = await readBundle(store, name);
  if (read.ok) return ok(read.value.value);
  if (read.failure.reason === "absent") return ok(undefined);
  const failure = bundleFailure(name, read.failure);
  if (failure.reason !== "invalid_bundle") return fail(failure);
  return ok({ name, problem: failure.detail });
}
