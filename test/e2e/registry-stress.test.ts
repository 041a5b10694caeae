import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { type LocalS3, startLocalS3 } from "../../infra/local/s3.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import { promote } from "../../src/core/lifecycle/pointer/set-alias.ts";
import type { PublishDeps } from "../../src/core/lifecycle/publish/publish-version.ts";
import { readDeployment } from "../../src/core/lifecycle/read-deployment.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { anyCommands, compareVersionsOf } from "../support/registry-commands.ts";
import { MOVER, must, point, publishAs, registryDeps } from "../support/registry-core.ts";
import { findProblems, wholeHistory } from "../support/registry-invariants.ts";
import { createPlainRegistry } from "../support/registry-model.ts";

/** `nightly`: every run on the local S3 too, however long they take. */
const SIZE = process.env.FRESHET_STRESS ?? "ci";
const RUNS = 1_000;
const COMMANDS = 50;
const S3_PATIENCE_MS = 60_000;
const NIGHTLY_PATIENCE_MS = 4 * 3_600_000;
const WRITERS = 20;

let s3: LocalS3;

/** An isolate of its own: its own client, clock and engine. */
function newcomer(): PublishDeps {
  const clock = createSystemClock();
  const deps = { clock, random: Math.random, digest: createNodeDigest() };
  return registryDeps(createS3ObjectStore(s3.config, deps), clock);
}

const everyone = <T>(work: (deps: PublishDeps, index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: WRITERS }, (_, index) => work(newcomer(), index)));

/** Runs one list of commands on a model of its own; the registry is valid at its end. */
async function runOnce(commands: Parameters<typeof fc.asyncModelRun>[1], deps: PublishDeps) {
  const real = { deps, model: `m-${crypto.randomUUID()}`, highest: 0, last: undefined };
  const plain = createPlainRegistry();
  await fc.asyncModelRun(() => ({ model: plain, real }), commands as never);
  await compareVersionsOf(plain, real);
  expect(await findProblems(deps.store, real.model)).toEqual([]);
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

describe(`any ${COMMANDS} deeds end as in a plain model of the registry`, () => {
  const property = (store: () => ObjectStore) =>
    fc.asyncProperty(anyCommands(COMMANDS), (commands) => runOnce(commands, registryDeps(store())));

  it(`in memory, ${RUNS} times`, { timeout: 300_000 }, async () => {
    const store = () => createMemoryObjectStore({ digest: createNodeDigest() });
    await fc.assert(property(store), { numRuns: RUNS });
  });

  const patienceMs = SIZE === "nightly" ? NIGHTLY_PATIENCE_MS : S3_PATIENCE_MS;
  it("on the local S3, as many times as there is time for", {
    timeout: patienceMs * 2,
  }, async () => {
    const { store } = newcomer();
    let runs = 0;
    const startedMs = Date.now();
    const counted = fc.asyncProperty(anyCommands(COMMANDS), async (commands) => {
      await runOnce(commands, registryDeps(store));
      runs += 1;
    });
    await fc.assert(counted, { numRuns: RUNS, interruptAfterTimeLimit: patienceMs });
    process.stdout.write(
      `registry on the local S3: ${runs} runs of up to ${COMMANDS} commands in ${Math.round((Date.now() - startedMs) / 1000)} s\n`,
    );
    expect(runs).toBeGreaterThan(SIZE === "nightly" ? RUNS - 1 : 0);
  });
});
