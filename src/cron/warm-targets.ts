import type { FlightContext } from "../core/cache/single-flight.ts";
import { listBundleNames } from "../core/lifecycle/bundle/list-bundles.ts";
import { referencesOf, versionsOf } from "../core/lifecycle/bundle/named-versions.ts";
import { bundleFailure, readBundle } from "../core/lifecycle/bundle/read-bundle.ts";
import type { Bundle } from "../core/model/bundle.ts";
import type { Deployment } from "../core/model/deployment.ts";
import { parseReference, type Reference } from "../core/model/reference.ts";
import { reportReason } from "./report-reason.ts";
import type { TickDeps } from "./tick-deps.ts";

/** A version that is to be loaded before anybody asks. */
export interface WarmTarget {
  readonly model: string;
  readonly version: string;
}

/** Something that is to be warm and leads to no version. */
export interface NoTarget extends WarmTarget {
  readonly reason: string;
  readonly detail: string;
}

export interface WarmTargets {
  /** Each once, by name and version. */
  readonly targets: readonly WarmTarget[];
  readonly none: readonly NoTarget[];
}

export const targetName = ({ model, version }: WarmTarget): string => `${model}@${version}`;

/**
 * What the deployments that this isolate knows list as `warm`, and every bundle that says so.
 * One LIST of the bundles, one GET for each that changed, none begun after `endMs`.
 */
export async function findWarmTargets(
  deps: TickDeps,
  context: FlightContext,
  endMs: number,
): Promise<WarmTargets> {
  const targets = new Map<string, WarmTarget>();
  const none: NoTarget[] = [];
  const want = (deployment: Pick<Deployment, "aliases">, reference: Reference) => {
    const { model, selector } = reference;
    const versions = versionsOf(deployment, reference);
    for (const version of versions) targets.set(targetName({ model, version }), { model, version });
    if (versions.length > 0 || selector.kind !== "alias") return;
    const detail = `the deployment of '${model}' has no alias '${selector.alias}'`;
    none.push({ model, version: selector.alias, reason: "alias_not_found", detail });
  };
  for (const model of deps.catalog.byAge()) {
    const deployment = deps.catalog.get(model)?.deployment;
    for (const word of deployment?.warm ?? []) {
      const reference = parseReference(model, word);
      if (deployment !== undefined && reference.ok) want(deployment, reference.value);
    }
  }
  for (const reference of (await warmBundles(deps, endMs, none)).flatMap(referencesOf)) {
    const { model, selector } = reference;
    if (selector.kind === "version") {
      want({ aliases: {} }, reference);
      continue;
    }
    const found = await deps.finder.find(context, model);
    if (found.ok) want(found.value.deployment, reference);
    else {
      const { reason, detail } = found.failure;
      none.push({ model, version: selector.alias, ...reportReason(reason, detail) });
    }
  }
  const sorted = [...targets].sort(([a], [b]) => (a < b ? -1 : 1));
  return { targets: sorted.map(([, target]) => target), none };
}

/** Bundles that are to be warm, as the bucket has them now; those of the last tick when it does not say. */
async function warmBundles(deps: TickDeps, endMs: number, none: NoTarget[]): Promise<Bundle[]> {
  const { store, bundles, clock } = deps;
  const listed = await listBundleNames(store);
  if (!listed.ok) {
    const { reason, detail } = listed.failure;
    none.push({ model: "*", version: "bundles", ...reportReason(reason, detail) });
    return bundles.all().filter(({ warm }) => warm === true);
  }
  const names = new Set(listed.value.map(({ name }) => name));
  for (const { name } of bundles.all()) if (!names.has(name)) bundles.forget(name);
  for (const { name, etag } of listed.value) {
    if (bundles.get(name)?.etag === etag) continue;
    if (clock.now() >= endMs) break;
    const read = await readBundle(store, name);
    if (read.ok) {
      const { value: bundle, etag: now } = read.value;
      bundles.set(name, { bundle, etag: now, triedAtMs: clock.now() });
    } else if (read.failure.reason !== "absent") {
      const { reason, detail } = bundleFailure(name, read.failure);
      none.push({ model: "*", version: `bundle ${name}`, ...reportReason(reason, detail) });
    }
  }
  return bundles.all().filter(({ warm }) => warm === true);
}
