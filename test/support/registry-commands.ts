import fc from "fast-check";
import { expect } from "vitest";
import { rollBack } from "../../src/core/lifecycle/pointer/roll-back.ts";
import { promote, removeAlias, setAlias } from "../../src/core/lifecycle/pointer/set-alias.ts";
import type { PublishDeps } from "../../src/core/lifecycle/publish/publish-version.ts";
import { parseDocument } from "../../src/core/lifecycle/read-document.ts";
import type { RegistryFailure } from "../../src/core/lifecycle/registry-failure.ts";
import { annotateVersion } from "../../src/core/lifecycle/versions/annotate-version.ts";
import { deleteVersion } from "../../src/core/lifecycle/versions/delete-version.ts";
import { describeVersion } from "../../src/core/lifecycle/versions/describe-version.ts";
import { type Deployment, deploymentSchema, type Route } from "../../src/core/model/deployment.ts";
import { deploymentKey, historyKey } from "../../src/core/model/keys.ts";
import type { Result } from "../../src/core/model/result.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { must } from "./must.ts";
import { backUp, loseAndRestore, restoreNothing } from "./registry-backup-commands.ts";
import { MOVER, tryPublishing } from "./registry-core.ts";
import {
  isNamed,
  isUsable,
  type PlainRegistry,
  plainPrevious,
  plainPublish,
  plainRollBack,
  plainSet,
  routeNow,
  versionOf,
} from "./registry-model.ts";
import type { WatchedStore } from "./registry-watched-store.ts";

/** The real registry of one model, and the largest version number it ever gave. */
export interface RealRegistry {
  readonly deps: PublishDeps & { readonly store: WatchedStore };
  /** The second bucket. */
  readonly backup: ObjectStore;
  readonly model: string;
  highest: number;
  last: Deployment | undefined;
}

type Outcome = Result<unknown, RegistryFailure>;
type Command = fc.AsyncCommand<PlainRegistry, RealRegistry>;

/** Does one deed to both, and compares what came of it. */
function command(name: string, run: (plain: PlainRegistry, real: RealRegistry) => Promise<void>) {
  const made: Command = {
    check: () => true,
    async run(plain, real) {
      await run(plain, real);
      compare(plain, real);
    },
    toString: () => name,
  };
  return made;
}

const reasonOf = (outcome: Outcome): string => (outcome.ok ? "done" : outcome.failure.reason);

const publish = (label: string, alias: string | undefined) =>
  command(`publish(${label}, ${alias})`, async (plain, real) => {
    const known = versionOf(plain, label);
    const published = must(await tryPublishing(real.deps, real.model, label, { alias }));
    const { version } = published.manifest;
    expect(published.created).toBe(known === undefined);
    if (known === undefined) {
      expect(Number(version)).toBeGreaterThan(real.highest);
      real.highest = Number(version);
      plainPublish(plain, version, label);
    } else expect(version).toBe(known);
    if (alias !== undefined) plainSet(plain, alias, { weights: { [version]: 100 } });
  });

const set = (alias: string, route: Route) =>
  command(`set(${alias}, ${JSON.stringify(route)})`, async (plain, real) => {
    const wish = { alias, route, force: false };
    const reason = reasonOf(await setAlias(real.deps, real.model, wish, MOVER));
    expect(reason).toBe(whyNot(plain, route));
    if (reason === "done") plainSet(plain, alias, route);
  });

/** Why a route cannot be taken: of its versions in order, the first that is not there. */
function whyNot(plain: PlainRegistry, { weights, shadow }: Route): string {
  if (plain.moves === 0) return "model_not_found";
  const named = [...Object.keys(weights), ...(shadow === undefined ? [] : [shadow])];
  const wrong = named.find((version) => !isUsable(plain, version));
  if (wrong === undefined) return "done";
  return plain.deleted.has(wrong) ? "version_deleted" : "version_not_found";
}

const promoteTo = (from: string, to: string) =>
  command(`promote(${from}, ${to})`, async (plain, real) => {
    const wish = { from, to, force: false };
    const reason = reasonOf(await promote(real.deps, real.model, wish, MOVER));
    const source = routeNow(plain, from);
    if (plain.moves === 0) expect(reason).toBe("model_not_found");
    else if (source === undefined) expect(reason).toBe("alias_not_found");
    else {
      expect(reason).toBe("done");
      plainSet(plain, to, { weights: source.weights });
    }
  });

const back = (alias: string) =>
  command(`rollBack(${alias})`, async (plain, real) => {
    const reason = reasonOf(await rollBack(real.deps, real.model, { alias }, MOVER));
    const previous = plainPrevious(plain, alias);
    if (plain.moves === 0) expect(reason).toBe("model_not_found");
    else if (routeNow(plain, alias) === undefined) expect(reason).toBe("alias_not_found");
    else if (previous === undefined) expect(reason).toBe("nothing_to_roll_back");
    else {
      expect(reason).toBe(whyNot(plain, previous));
      if (reason === "done") plainRollBack(plain, alias);
    }
  });

const backTo = (alias: string, to: string) =>
  command(`rollBack(${alias}, ${to})`, async (plain, real) => {
    const route = { weights: { [to]: 100 } };
    const reason = reasonOf(await rollBack(real.deps, real.model, { alias, to }, MOVER));
    const isThere = routeNow(plain, alias) !== undefined;
    const wanted = isThere ? whyNot(plain, route) : "alias_not_found";
    expect(reason).toBe(plain.moves === 0 ? "model_not_found" : wanted);
    if (reason === "done") plainSet(plain, alias, route);
  });

const drop = (alias: string) =>
  command(`removeAlias(${alias})`, async (plain, real) => {
    const reason = reasonOf(await removeAlias(real.deps, real.model, alias, MOVER));
    const isThere = routeNow(plain, alias) !== undefined;
    expect(reason).toBe(
      plain.moves === 0 ? "model_not_found" : isThere ? "done" : "alias_not_found",
    );
    if (reason !== "done") return;
    plain.aliases.delete(alias);
    plain.moves += 1;
  });

const remove = (version: string) =>
  command(`delete(${version})`, async (plain, real) => {
    const reason = reasonOf(await deleteVersion(real.deps, real.model, version, MOVER));
    if (plain.moves === 0) expect(reason).toBe("model_not_found");
    else if (plain.deleted.has(version)) expect(reason).toBe("done");
    else if (!plain.versions.has(version)) expect(reason).toBe("version_not_found");
    else if (isNamed(plain, version)) expect(reason).toBe("version_in_use");
    else {
      expect(reason).toBe("done");
      plain.deleted.add(version);
      plain.moves += 1;
    }
  });

const tag = (version: string, key: string, value: string | null) =>
  command(`tag(${version}, ${key}, ${value})`, async (plain, real) => {
    const { deps, model } = real;
    const change = { tags: { [key]: value } };
    const reason = reasonOf(await annotateVersion(deps.store, model, version, change));
    expect(reason).toBe(isUsable(plain, version) ? "done" : "version_not_found");
    if (reason !== "done") return;
    const tags = plain.versions.get(version)?.tags;
    if (value === null) tags?.delete(key);
    else tags?.set(key, value);
  });

/**
 * What must hold after each command, told without a call: by what the store took. The next
 * command reads it back, and the run's end reads everything.
 */
function compare(plain: PlainRegistry, real: RealRegistry): void {
  const { store } = real.deps;
  const written = store.takeWritten();
  const key = deploymentKey(real.model);
  if (!written.has(key)) {
    expect(plain.moves).toBe(real.last?.rev ?? 0);
    return;
  }
  const bytes = store.standing(key) ?? new Uint8Array();
  const deployment = must(parseDocument(key, bytes, deploymentSchema));
  expect(deployment.rev).toBe(plain.moves);
  expect(deployment.aliases).toEqual(
    Object.fromEntries([...plain.aliases].map(([alias, held]) => [alias, held.at(-1)])),
  );
  expect(new Set(deployment.deleted ?? [])).toEqual(plain.deleted);
  real.last = deployment;
  expect(written).toContain(historyKey(real.model, deployment.rev));
}

/** Every version as the real registry tells it, against the model; at a run's end. */
export async function compareVersionsOf(
  plain: PlainRegistry,
  { last }: RealRegistry,
  store: ObjectStore,
): Promise<void> {
  if (last === undefined) return;
  for (const [version, { tags }] of plain.versions) {
    const described = await describeVersion(store, last, version);
    if (plain.deleted.has(version)) {
      expect(reasonOf(described)).toBe("version_deleted");
      continue;
    }
    expect(must(described).tags).toEqual(Object.fromEntries(tags));
  }
}

const label = fc.constantFrom("a", "b", "c", "d", "e");
const alias = fc.constantFrom("production", "staging", "constructor");
const version = fc.integer({ min: 1, max: 9 }).map(String);
const route: fc.Arbitrary<Route> = fc.oneof(
  version.map((one) => ({ weights: { [one]: 100 } })),
  fc
    .tuple(version, version, fc.integer({ min: 0, max: 100 }))
    .filter(([a, b]) => a !== b)
    .map(([a, b, share]) => ({ weights: { [a]: share, [b]: 100 - share } })),
  fc.tuple(version, version).map(([a, shadow]) => ({ weights: { [a]: 100 }, shadow })),
);

/** Up to `max` commands. */
export const anyCommands = (max: number) =>
  fc.commands(
    [
      label.map((one) => publish(one, undefined)),
      fc.tuple(label, alias).map(([one, to]) => publish(one, to)),
      fc.tuple(alias, route).map(([one, to]) => set(one, to)),
      fc.tuple(alias, alias).map(([from, to]) => promoteTo(from, to)),
      alias.map(back),
      fc.tuple(alias, version).map(([one, to]) => backTo(one, to)),
      fc.constantFrom("staging", "constructor").map(drop),
      version.map(remove),
      fc
        .tuple(version, fc.constantFrom("k", "constructor"), fc.constantFrom("1", "2", null))
        .map(([one, key, value]) => tag(one, key, value)),
      fc.constantFrom(
        command("backUp", backUp),
        command("restoreNothing", restoreNothing),
        command("loseAndRestore", loseAndRestore),
      ),
    ],
    { maxCommands: max, size: "max" },
  );
