import { isVersion } from "../model/reference.ts";
import type { GroupCounters } from "../ports/prediction-store.ts";
import { hasLabels } from "./metrics/confusion.ts";

/** Names of a version's classes, in their order; none where they are not known. */
export type ClassesOf = (model: string, version: string) => Promise<readonly string[]>;

/** Each may be a GET, and the order is not worth many: versions seldom differ in it. */
const MAX_VERSIONS = 10;

/** Classes by version, newest first: of the newest that have outcomes of classes. */
export async function classesByVersion(
  found: readonly GroupCounters[],
  classesOf: ClassesOf,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const models = new Map<string, string>();
  for (const { group, counters } of found) {
    if (isVersion(group.version) && hasLabels(counters)) models.set(group.version, group.model);
  }
  const newest = [...models].sort(([a], [b]) => Number(b) - Number(a)).slice(0, MAX_VERSIONS);
  const classes = newest.map(async ([version, model]) => {
    return [version, await classesOf(model, version)] as const;
  });
  const known = await Promise.all(classes);
  return new Map(known.filter(([, names]) => names.length > 0));
}

/** The order of the newest of some versions, or else of the newest of all. */
export function orderOf(
  classes: ReadonlyMap<string, readonly string[]>,
  versions: ReadonlySet<string>,
): readonly string[] {
  const own = [...classes.keys()].find((version) => versions.has(version));
  const [newest = []] = classes.values();
  return own === undefined ? newest : (classes.get(own) ?? []);
}
