/**
 * Whole numbers by name. Adding is all that is ever done to them, so that counters of days,
 * versions or isolates merge in any order to the same, and what was added can be taken out again
 * without a rest.
 */
export type Counters = ReadonlyMap<string, bigint>;

/** Adds one set of counters to another, in place. Names at 0 are left out: counters that are equal have equal names. */
export function addCounters(into: Map<string, bigint>, more: Counters): void {
  for (const [name, by] of more) addTo(into, name, by);
}

/** Raises one counter, in place. */
export function addTo(into: Map<string, bigint>, name: string, by: bigint): void {
  const sum = (into.get(name) ?? 0n) + by;
  if (sum === 0n) into.delete(name);
  else into.set(name, sum);
}

/** Adds all up. */
export function sumCounters(sets: Iterable<Counters>): Counters {
  const sum = new Map<string, bigint>();
  for (const counters of sets) addCounters(sum, counters);
  return sum;
}

/** A counter as a number; 0 where it is not there. */
export const countOf = (counters: Counters, name: string): number =>
  Number(counters.get(name) ?? 0n);

/** The counters whose names begin with `prefix`, by what follows it. */
export function* underPrefix(counters: Counters, prefix: string): Generator<[string, number]> {
  for (const [name, count] of counters) {
    if (name.startsWith(prefix)) yield [name.slice(prefix.length), Number(count)];
  }
}
