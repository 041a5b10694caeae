import { PRODUCTION } from "../../model/reference.ts";
import { ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { inParallel } from "../in-parallel.ts";
import { listModels } from "../list-repository.ts";
import { currentDeployment } from "../pointer/current-deployment.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { describeVersion, type VersionDescription, versionMeant } from "./describe-version.ts";

/** What models are looked for; what is left out takes all. */
export interface ModelFilter {
  readonly task?: string | undefined;
  /** Name of the framework, case ignored. */
  readonly framework?: string | undefined;
  /** `key` or `key:value`. */
  readonly tag?: string | undefined;
  /** Part of the name or description, case ignored. */
  readonly text?: string | undefined;
}

/** A model as a list shows it: facts of the version that `production` answers from. */
export interface ModelSummary {
  readonly name: string;
  readonly rev: number;
  readonly aliases: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly version?: string;
  readonly task?: string;
  readonly framework?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, unknown>>;
  readonly size_bytes?: number;
  readonly created_at?: string;
  /** Why nothing is told of it. */
  readonly problem?: "deployment_unreadable";
}

export interface ModelPage {
  readonly items: readonly ModelSummary[];
  /** Name to go on after; missing on the last page. */
  readonly nextAfter?: string;
}

/**
 * Models by name. A filter reads every model that stands before the page's end: four calls
 * each, as the bucket has no index.
 */
export async function listModelSummaries(
  store: ObjectStore,
  filter: ModelFilter,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Result<ModelPage, RegistryFailure>> {
  const names = await listModels(store);
  if (!names.ok) return names;
  const left = names.value.filter((name) => after === undefined || name > after);
  const items: ModelSummary[] = [];
  for (let start = 0; start < left.length; start += limit) {
    const batch = left.slice(start, start + limit);
    const read = await inParallel(batch, (name) => summarize(store, name));
    if (!read.ok) return read;
    const known = read.value.filter((item) => item !== undefined);
    items.push(...known.filter((item) => matches(item, filter)));
    if (items.length > limit) break;
  }
  const page = items.slice(0, limit);
  const last = page.at(-1)?.name;
  const isMore = items.length > limit || (page.length === limit && last !== left.at(-1));
  return ok({ items: page, ...(isMore && last !== undefined ? { nextAfter: last } : {}) });
}

async function summarize(
  store: ObjectStore,
  name: string,
): Promise<Result<ModelSummary | undefined, RegistryFailure>> {
  const deployment = await currentDeployment(store, name);
  if (!deployment.ok) {
    // A folder without a pointer is a publish that has not come so far.
    const { reason } = deployment.failure;
    if (reason === "model_not_found") return ok(undefined);
    // One damaged pointer hides no other model.
    if (reason !== "deployment_unreadable") return deployment;
    return ok({ name, rev: 0, aliases: {}, problem: reason });
  }
  const { rev, aliases } = deployment.value.value;
  const routes = Object.entries(aliases).map(([alias, route]) => [alias, route.weights] as const);
  const base = { name, rev, aliases: Object.fromEntries(routes) };
  const version = versionMeant(deployment.value.value, {
    model: name,
    selector: { kind: "alias", alias: PRODUCTION },
  });
  if (!version.ok) return ok(base);
  const described = await describeVersion(store, deployment.value.value, version.value);
  if (described.ok) return ok({ ...base, ...factsOf(described.value) });
  return described.failure.reason === "store_unavailable" ? described : ok(base);
}

function factsOf(described: VersionDescription): Partial<ModelSummary> {
  const { version, task, framework, description, tags, metrics, size_bytes, created_at } =
    described;
  return {
    version,
    task,
    ...(framework === undefined ? {} : { framework: framework.name }),
    ...(description === undefined ? {} : { description }),
    tags,
    metrics,
    size_bytes,
    created_at,
  };
}

function matches(item: ModelSummary, { task, framework, tag, text }: ModelFilter): boolean {
  if (task !== undefined && item.task !== task) return false;
  if (framework !== undefined && lower(item.framework) !== lower(framework)) return false;
  if (tag !== undefined && !hasTag(item.tags ?? {}, tag)) return false;
  if (text === undefined) return true;
  return lower(`${item.name}\n${item.description ?? ""}`).includes(lower(text));
}

function hasTag(tags: Readonly<Record<string, string>>, wanted: string): boolean {
  const colon = wanted.indexOf(":");
  if (colon < 0) return Object.hasOwn(tags, wanted);
  const key = wanted.slice(0, colon);
  return Object.hasOwn(tags, key) && tags[key] === wanted.slice(colon + 1);
}

const lower = (text: string | undefined): string => (text ?? "").toLowerCase();
