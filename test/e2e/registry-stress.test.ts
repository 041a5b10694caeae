import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { type LocalS3, startLocalS3 } from "../../infra/local/s3.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import type { S3Config } from "../../src/adapters/s3/config.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import { promote } from "../../src/core/lifecycle/pointer/set-alias.ts";
import type { PublishDeps } from "../../src/core/lifecycle/publish/publish-version.ts";
import { readDeployment } from "../../src/core/lifecycle/read-deployment.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { must } from "../support/must.ts";
import { anyCommands, compareVersionsOf } from "../support/registry-commands.ts";
import { MOVER, point, publishAs, registryDeps } from "../support/registry-core.ts";
import { findProblems, wholeHistory } from "../support/registry-invariants.ts";
import { createPlainRegistry } from "../support/registry-model.ts";
import { createStillStore, createWatchedStore } from "../support/registry-watched-store.ts";

/** `full`: all the runs, however long they take; `nightly`: five times as many. */
const SIZE = process.env.FRESHET_STRESS;
const IS_NIGHTLY = SIZE === "nightly";
const IS_WHOLE = IS_NIGHTLY || SIZE === "full";
const MEMORY_RUNS = IS_NIGHTLY ? 10_000 : 1_000;
const S3_RUNS = IS_NIGHTLY ? 5_000 : 1_000;
/** On average: lists have any length up to twice that. */
const COMMANDS = 50;
const LANES = 4;
/** A local S3 takes one core. */
const STORES = 2;
const PATIENCE_MS = IS_WHOLE ? 4 * 3_600_000 : 45_000;
/** Of a busy machine, beside all the other tests. */
const LEAST_RUNS = IS_WHOLE ? S3_RUNS : 5;
const WRITERS = 20;

let s3: LocalS3;

/** An isolate of its own: its own client, clock and engine. */
function newcomer(config: S3Config = s3.config): PublishDeps {
  const clock = createSystemClock();
  const deps = { clock, random: Math.random, digest: createNodeDigest() };
  return registryDeps(createS3ObjectStore(config, deps), clock);
}

const everyone = <T>(work: (deps: PublishDeps, index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: WRITERS }, (_, index) => work(newcomer(), index)));

/** Two buckets of their own, as two folders of a local S3. */
function twoBuckets({ config }: LocalS3): readonly [ObjectStore, ObjectStore] {
  const id = crypto.randomUUID();
  const at = (prefix: string) => newcomer({ ...config, prefix }).store;
  return [at(`${id}/first/`), at(`${id}/second/`)];
}

/** Runs one list of commands on buckets of their own; the registry is valid at its end. */
async function runOnce(
  commands: Parameters<typeof fc.asyncModelRun>[1],
  [store, backup]: readonly [ObjectStore, ObjectStore],
) {
  const watched = createWatchedStore(store);
  const deps = { ...registryDeps(watched), store: watched };
  const real = { deps, backup, model: "m", highest: 0, last: undefined };
  const plain = createPlainRegistry();
  await fc.asyncModelRun(() => ({ model: plain, real }), commands as never);
  const still = createStillStore(store);
  await compareVersionsOf(plain, real, still);
  expect(await findProblems(still, real.model)).toEqual([]);
}

beforeAll(async () => {
  s3 = await startLocalS3();
});

afterAll(() => s3.stop());

describe("twenty at once on the local S3", () => {
  it("publish different bytes: twenty versions, none lost, none overwritten", async () => {
    const published = await everyone((deps, index) => publishAs(deps, "different", `${index}`));
    const versions = published.map(({ manifest }) => manifest.version);
    expect(new Set(versions).size).toBe(WRITERS);
    expect(published.every(({ created }) => created)).toBe(true);
    const { store } = newcomer();
    expect(await findProblems(store, "different")).toEqual([]);
    for (const { manifest } of published) {
      const again = await publishAs(newcomer(), "different", labelOf(manifest.onnx?.producer));
      expect([again.created, again.manifest]).toEqual([false, manifest]);
    }
    const deployment = must(await readDeployment(store, "different")).value;
    expect([deployment.rev, versions]).toEqual([
      1,
      expect.arrayContaining(Object.keys(deployment.aliases.production?.weights ?? {})),
    ]);
  });

  it("publish the same bytes: one version, all answered", async () => {
    const published = await everyone((deps) => publishAs(deps, "same", "a"));
    expect(new Set(published.map(({ manifest }) => manifest.version)).size).toBe(1);
    expect(published.filter(({ created }) => created)).toHaveLength(1);
    expect(await findProblems(newcomer().store, "same")).toEqual([]);
  });

  it("move aliases: one linear history, no move lost", async () => {
    const first = newcomer();
    await publishAs(first, "moves", "a");
    await publishAs(first, "moves", "b");
    must(await point(first, "moves", "staging", { weights: { "1": 50, "2": 50 } }));
    const moved = await everyone(async (deps, index) => {
      const alias = `a${index}`;
      return index % 2 === 0
        ? must(await point(deps, "moves", alias, "2"))
        : must(await promote(deps, "moves", { from: "staging", to: alias, force: false }, MOVER));
    });
    const revs = moved.map(({ rev }) => rev).sort((a, b) => a - b);
    expect(revs).toEqual(Array.from({ length: WRITERS }, (_, index) => index + 3));
    const deployment = must(await readDeployment(first.store, "moves")).value;
    const history = await wholeHistory(first.store, deployment);
    expect(history).toHaveLength(WRITERS + 2);
    expect(new Set(history.slice(2).map(({ alias }) => alias)).size).toBe(WRITERS);
    expect(await findProblems(first.store, "moves")).toEqual([]);
  });

  it("move one alias: each entry follows on from the one before it", async () => {
    const first = newcomer();
    for (const label of ["a", "b", "c"]) await publishAs(first, "one", label);
    const moved = await everyone(async (deps, index) =>
      must(
        await point(deps, "one", "production", { weights: { "1": index + 1, "2": 99 - index } }),
      ),
    );
    expect(new Set(moved.map(({ rev }) => rev)).size).toBe(WRITERS);
    const deployment = must(await readDeployment(first.store, "one")).value;
    expect(await wholeHistory(first.store, deployment)).toHaveLength(WRITERS + 1);
    expect(await findProblems(first.store, "one")).toEqual([]);
  });
});

const labelOf = (producer: string | undefined): string => (producer ?? "").replace("tests ", "");

describe(`any deeds, ${COMMANDS} on average, end as in a plain model of the registry`, () => {
  it(`in memory, ${MEMORY_RUNS} times`, { timeout: 300_000 }, async () => {
    const store = () => createMemoryObjectStore({ digest: createNodeDigest() });
    const property = fc.asyncProperty(anyCommands(2 * COMMANDS), (commands) =>
      runOnce(commands, [store(), store()]),
    );
    await fc.assert(property, { numRuns: MEMORY_RUNS });
  });

  // fast-check runs one after another; several at once keep both the tests and the stores busy.
  // A failure tells its lane's seed.
  it(`on the local S3, ${S3_RUNS} times or for as long as there is time`, {
    timeout: PATIENCE_MS * 2,
  }, async () => {
    const others = await Promise.all(Array.from({ length: STORES - 1 }, startLocalS3));
    const startedMs = Date.now();
    let runs = 0;
    let deeds = 0;
    try {
      const lanes = Array.from({ length: LANES }, (_, lane) => {
        const place = [s3, ...others][lane % STORES] ?? s3;
        const counted = fc.asyncProperty(anyCommands(2 * COMMANDS), async (commands) => {
          await runOnce(commands, twoBuckets(place));
          runs += 1;
          deeds += [...commands].length;
        });
        const numRuns = S3_RUNS / LANES;
        return fc.assert(counted, { numRuns, interruptAfterTimeLimit: PATIENCE_MS });
      });
      await Promise.all(lanes);
    } finally {
      await Promise.all(others.map((one) => one.stop()));
    }
    const tookS = Math.round((Date.now() - startedMs) / 1000);
    process.stdout.write(
      `registry on the local S3: ${runs} runs, ${deeds} commands in ${tookS} s\n`,
    );
    expect(runs).toBeGreaterThanOrEqual(LEAST_RUNS);
  });
});
