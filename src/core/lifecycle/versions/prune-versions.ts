import type { Bundle } from "../../model/bundle.ts";
import type { Deployment } from "../../model/deployment.ts";
import { ok, type Result } from "../../model/result.ts";
import { readAllBundles } from "../bundle/list-bundles.ts";
import { bundlesNaming } from "../bundle/named-versions.ts";
import { currentDeployment } from "../pointer/current-deployment.ts";
import type { Mover, PointerDeps } from "../pointer/move-pointer.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { deleteVersion } from "./delete-version.ts";
import type { VersionDescription } from "./describe-version.ts";
import { listVersionDescriptions } from "./list-versions.ts";

/** Which versions stay: those that an alias or a bundle names in any case, and what one of these rules keeps. */
export interface RetentionPolicy {
  /** The newest so many. */
  readonly keepLast: number;
  /** Those younger than so many days. */
  readonly keepDays?: number | undefined;
}

export interface PruneReport {
  readonly dry_run: boolean;
  readonly deleted: readonly { readonly version: string; readonly bytes: number }[];
  readonly kept: readonly { readonly version: string; readonly because: string }[];
}

const DAY_MS = 86_400_000;
const PAGE = 100;

/** Deletes the versions that a policy does not keep; with `dryRun`, only says which. */
export async function pruneVersions(
  deps: PointerDeps,
  model: string,
  policy: RetentionPolicy,
  dryRun: boolean,
  mover: Mover,
): Promise<Result<PruneReport, RegistryFailure>> {
  const deployment = await currentDeployment(deps.store, model);
  if (!deployment.ok) return deployment;
  const versions: VersionDescription[] = [];
  let before: number | undefined;
  do {
    const page = await listVersionDescriptions(deps.store, deployment.value.value, {
      before,
      limit: PAGE,
    });
    if (!page.ok) return page;
    versions.push(...page.value.items);
    before = page.value.nextBefore;
  } while (before !== undefined);
  // Each deletion is a move of its own: under one key only the first would be made.
  const each = { actor: mover.actor, reason: mover.reason };
  const bundles = await readAllBundles(deps.store);
  if (!bundles.ok) return bundles;
  const kept: { version: string; because: string }[] = [];
  const deleted: { version: string; bytes: number }[] = [];
  for (const [rank, one] of versions.entries()) {
    const { version, size_bytes } = one;
    const because =
      whyKept(one, rank, policy, deps.clock.now()) ??
      namedByBundle(bundles.value, deployment.value.value, version);
    if (because !== undefined) {
      kept.push({ version, because });
      continue;
    }
    const gone = dryRun ? ok(undefined) : await deleteVersion(deps, model, version, each);
    if (gone.ok) deleted.push({ version, bytes: size_bytes });
    else if (gone.failure.reason !== "version_in_use") return gone;
    else kept.push({ version, because: "an alias or a bundle took it meanwhile" });
  }
  return ok({ dry_run: dryRun, deleted, kept });
}

function namedByBundle(
  bundles: readonly Bundle[],
  deployment: Deployment,
  version: string,
): string | undefined {
  const names = bundlesNaming(bundles, deployment, version);
  return names.length === 0 ? undefined : `named by bundle ${names.join(", ")}`;
}

function whyKept(
  { aliases, created_at }: VersionDescription,
  rank: number,
  { keepLast, keepDays }: RetentionPolicy,
  nowMs: number,
): string | undefined {
  if (aliases.length > 0) return `named by ${aliases.join(", ")}`;
  if (rank < keepLast) return `one of the newest ${keepLast}`;
  if (keepDays !== undefined && nowMs - Date.parse(created_at) < keepDays * DAY_MS) {
    return `younger than ${keepDays} days`;
  }
  return undefined;
}
