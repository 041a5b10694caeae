import type { Route } from "../../src/core/model/deployment.ts";

/** A registry of one model as plain data: what the real one is held against. */
export interface PlainRegistry extends PlainState {
  /** What the last backup holds. */
  saved: PlainState | undefined;
}

interface PlainState {
  /** By version number: the label of its bytes and its tags. */
  versions: Map<string, { readonly label: string; readonly tags: Map<string, string> }>;
  deleted: Set<string>;
  /** By alias: the routes it held, the present one last. */
  aliases: Map<string, Route[]>;
  /** Moves of the pointer. */
  moves: number;
}

export const createPlainRegistry = (): PlainRegistry => ({
  versions: new Map(),
  deleted: new Set(),
  aliases: new Map(),
  moves: 0,
  saved: undefined,
});

export function plainSave(plain: PlainRegistry): void {
  const { versions, deleted, aliases, moves } = plain;
  plain.saved = structuredClone({ versions, deleted, aliases, moves });
}

export function plainRestore(plain: PlainRegistry): void {
  Object.assign(plain, structuredClone(plain.saved));
}

export const routeNow = (plain: PlainRegistry, alias: string): Route | undefined =>
  plain.aliases.get(alias)?.at(-1);

const same = (a: Route, b: Route): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Points an alias, where it does not point there already. */
export function plainSet(plain: PlainRegistry, alias: string, route: Route): void {
  const held = plain.aliases.get(alias) ?? [];
  const now = held.at(-1);
  if (now !== undefined && same(now, route)) return;
  plain.aliases.set(alias, [...held, route]);
  plain.moves += 1;
}

export function plainPublish(plain: PlainRegistry, version: string, label: string): void {
  plain.versions.set(version, { label, tags: new Map() });
  if (plain.moves > 0) return;
  plainSet(plain, "production", { weights: { [version]: 100 } });
}

/** Where an unnamed rollback goes; `undefined`: nowhere. */
export const plainPrevious = (plain: PlainRegistry, alias: string): Route | undefined =>
  plain.aliases.get(alias)?.at(-2);

export function plainRollBack(plain: PlainRegistry, alias: string): void {
  plain.aliases.get(alias)?.pop();
  plain.moves += 1;
}

export const isNamed = (plain: PlainRegistry, version: string): boolean =>
  [...plain.aliases.values()].some((held) => {
    const now = held.at(-1);
    return now !== undefined && (Object.hasOwn(now.weights, version) || now.shadow === version);
  });

export const isUsable = (plain: PlainRegistry, version: string): boolean =>
  plain.versions.has(version) && !plain.deleted.has(version);

/** The version that these bytes are, deleted ones aside. */
export const versionOf = (plain: PlainRegistry, label: string): string | undefined =>
  [...plain.versions].find(
    ([version, one]) => one.label === label && isUsable(plain, version),
  )?.[0];
