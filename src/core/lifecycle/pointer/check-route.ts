import type { Deployment, Route } from "../../model/deployment.ts";
import type { Manifest } from "../../model/manifest.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { routedVersions, routeOf } from "../../routing/resolve.ts";
import { replacedWhole } from "../fetch-version.ts";
import { readManifest } from "../read-manifest.ts";
import type { FieldProblem, RegistryFailure } from "../registry-failure.ts";
import { schemaDifferences } from "../versions/schema-differences.ts";
import { checkBytes } from "./check-bytes.ts";

/** Every version a route names, its shadow included. */
export const namedVersions = (route: Route): readonly string[] => [
  ...new Set([
    ...Object.keys(route.weights),
    ...(route.shadow === undefined ? [] : [route.shadow]),
  ]),
];

/**
 * Checks that a route may take an alias: its versions exist and are not deleted, agree with one
 * another, and with what the alias answers from now unless `force`. One GET and one HEAD per version.
 */
export async function checkRoute(
  store: ObjectStore,
  deployment: Deployment,
  alias: string,
  route: Route,
  force: boolean,
): Promise<Result<undefined, RegistryFailure>> {
  const present = await checkVersions(store, deployment, route);
  if (!present.ok) return present;
  if (force) return ok(undefined);
  const whole = await checkBytes(store, present.value);
  if (!whole.ok) return whole;
  const [first, ...others] = present.value;
  if (first === undefined) return ok(undefined);
  const among = others.flatMap((other) => schemaDifferences(first, other));
  if (among.length > 0) return incompatible("the route's versions differ from one another", among);
  return checkAgainstServed(store, deployment, alias, first, `version ${first.version}`);
}

/**
 * Checks that a version would agree with what an alias answers from now.
 * @param word what the message calls the version: one that is not there yet has no number
 */
export async function checkAgainstServed(
  store: ObjectStore,
  deployment: Deployment,
  alias: string,
  manifest: Manifest,
  word: string,
): Promise<Result<undefined, RegistryFailure>> {
  const served = await servedManifest(store, deployment, alias);
  if (!served.ok || served.value === undefined) return served.ok ? ok(undefined) : served;
  const differences = schemaDifferences(served.value, manifest);
  if (differences.length === 0) return ok(undefined);
  const what = `${word} differs from version ${served.value.version}, which '${alias}' serves now`;
  return incompatible(what, differences);
}

/** The manifests of a route's versions; the first one that is missing, deleted or replaced fails. */
export async function checkVersions(
  store: ObjectStore,
  deployment: Deployment,
  route: Route,
): Promise<Result<readonly Manifest[], RegistryFailure>> {
  const manifests: Manifest[] = [];
  for (const version of namedVersions(route)) {
    if (deployment.deleted?.includes(version)) {
      return fail({
        reason: "version_deleted",
        detail: `version '${version}' of model '${deployment.model}' is deleted`,
      });
    }
    const manifest = await readManifest(store, deployment.model, version);
    if (!manifest.ok) return manifest;
    const published = deployment.digests?.[version] ?? manifest.value.digest;
    if (published !== manifest.value.digest) {
      return fail({ reason: "version_damaged", detail: replacedWhole(manifest.value, published) });
    }
    manifests.push(manifest.value);
  }
  return ok(manifests);
}

/** What callers of the alias rely on: the manifest of a version it answers from; nothing, when it cannot be read. */
export async function servedManifest(
  store: ObjectStore,
  deployment: Deployment,
  alias: string,
): Promise<Result<Manifest | undefined, RegistryFailure>> {
  const route = routeOf(deployment, alias);
  const version = route === undefined ? undefined : routedVersions(route)[0];
  if (version === undefined) return ok(undefined);
  const manifest = await readManifest(store, deployment.model, version);
  if (manifest.ok || manifest.failure.reason === "store_unavailable") return manifest;
  // What cannot be served sets no rule for what replaces it.
  return ok(undefined);
}

const incompatible = (what: string, errors: readonly FieldProblem[]) =>
  fail({
    reason: "incompatible_schema",
    detail: `${what}: ${errors.map(({ path, message }) => `${path} ${message}`).join("; ")}. Send force to do it all the same.`,
    errors,
  });
