import { createHash } from "node:crypto";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { ModelCache } from "../../src/core/cache/model-cache.ts";
import type { Mover } from "../../src/core/lifecycle/pointer/move-pointer.ts";
import { type SetAlias, setAlias } from "../../src/core/lifecycle/pointer/set-alias.ts";
import {
  type PublishDeps,
  type Published,
  type PublishRequest,
  publishVersion,
} from "../../src/core/lifecycle/publish/publish-version.ts";
import type { RegistryFailure } from "../../src/core/lifecycle/registry-failure.ts";
import type { Deployment } from "../../src/core/model/deployment.ts";
import type { Result } from "../../src/core/model/result.ts";
import type { Clock } from "../../src/core/ports/clock.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { type ChaosStore, createChaosStore } from "./chaos-store.ts";
import { must } from "./must.ts";
import { createRegistryEngine, type RegistryEngine } from "./registry-engine.ts";
import { registryModel } from "./registry-models.ts";

/** A clock whose waits are over at once, so that a retry needs nobody to move time. */
export interface InstantClock extends Clock {
  set(nowMs: number): void;
  /** Each wait that was asked for, in milliseconds. */
  readonly waits: readonly number[];
}

/** The registry's use cases without an outside. */
export interface TestRegistry {
  readonly deps: PublishDeps;
  readonly clock: InstantClock;
  readonly engine: RegistryEngine;
  /** Never broken. */
  readonly bucket: ObjectStore;
  /** The same bucket as the registry sees it. */
  readonly store: ChaosStore;
  /** Calls since the last time it was asked. */
  calls(): readonly string[];
}

export const MOVER: Mover = { actor: "ada", reason: "a test" };
export const START_MS = Date.parse("2026-01-01T00:00:00Z");

export function createTestRegistry(
  bucket: ObjectStore = createMemoryObjectStore({ digest: createNodeDigest() }),
): TestRegistry {
  const calls: string[] = [];
  const clock = createInstantClock();
  const engine = createRegistryEngine();
  const store = createChaosStore(bucket, (line) => void calls.push(line));
  const deps = { ...registryDeps(store, clock), engine };
  return { deps, clock, engine, bucket, store, calls: () => calls.splice(0) };
}

/** With a model `m` that has a version for each label, from 1 on; `production` serves the first. */
export async function registryWithVersions(...labels: readonly string[]): Promise<TestRegistry> {
  const registry = createTestRegistry();
  for (const label of labels) await publishAs(registry.deps, "m", label);
  return registry;
}

/** What the use cases need, over any store and clock. */
export function registryDeps(store: ObjectStore, clock: Clock = createInstantClock()): PublishDeps {
  const models = new ModelCache({ maxBytes: 1_500_000, onRelease: () => undefined });
  return {
    store,
    clock,
    models,
    engine: createRegistryEngine(),
    random: Math.random,
    newId: () => crypto.randomUUID(),
  };
}

export function createInstantClock(): InstantClock {
  const waits: number[] = [];
  let now = START_MS;
  return {
    now: () => now,
    set: (nowMs) => {
      now = nowMs;
    },
    waits,
    after(ms) {
      waits.push(ms);
      return { done: Promise.resolve(), cancel: () => undefined };
    },
  };
}

/** A use case, done with its means. */
export type Deed = (deps: PublishDeps) => Promise<Result<unknown, RegistryFailure>>;

type Wish = Partial<Omit<PublishRequest, "model">>;

/** Publishes a model named by a label, or the bytes of the wish. */
export function tryPublishing(deps: PublishDeps, model: string, label: string, wish: Wish = {}) {
  const bytes = wish.bytes ?? registryModel(label);
  const digest = createHash("sha256").update(bytes).digest("hex");
  const request = { model, draft: {}, force: false, ...wish, bytes, digest };
  return publishVersion(deps, request, MOVER);
}

export const publishAs = async (...asked: Parameters<typeof tryPublishing>): Promise<Published> =>
  must(await tryPublishing(...asked));

/** Points an alias at one version, or at a split. */
export function point(
  deps: PublishDeps,
  model: string,
  alias: string,
  to: string | SetAlias["route"],
  force = false,
) {
  const route = typeof to === "string" ? { weights: { [to]: 100 } } : to;
  return setAlias(deps, model, { alias, route, force }, MOVER);
}

/** Where each alias points, in short: `1`, `1:90 2:10`, with `~3` for a shadow. */
export const inShort = ({ aliases }: Pick<Deployment, "aliases">): Record<string, string> =>
  Object.fromEntries(
    Object.entries(aliases).map(([alias, { weights, shadow }]) => {
      const shares = Object.entries(weights);
      const split = shares.map(([version, share]) => `${version}:${share}`).join(" ");
      const word = shares.length === 1 ? (shares[0]?.[0] ?? "") : split;
      return [alias, shadow === undefined ? word : `${word} ~${shadow}`];
    }),
  );
