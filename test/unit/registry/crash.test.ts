import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { listFolders } from "../../../src/core/lifecycle/list-folders.ts";
import { rollBack } from "../../../src/core/lifecycle/pointer/roll-back.ts";
import { promote, removeAlias } from "../../../src/core/lifecycle/pointer/set-alias.ts";
import type { PublishDeps } from "../../../src/core/lifecycle/publish/publish-version.ts";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { annotateVersion } from "../../../src/core/lifecycle/versions/annotate-version.ts";
import { deleteVersion } from "../../../src/core/lifecycle/versions/delete-version.ts";
import { describeVersion } from "../../../src/core/lifecycle/versions/describe-version.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { must } from "../../support/must.ts";
import {
  type Deed,
  inShort,
  MOVER,
  point,
  publishAs,
  registryDeps,
  tryPublishing,
} from "../../support/registry-core.ts";
import { findProblems, snapshotVersions, wholeHistory } from "../../support/registry-invariants.ts";
import { createMortalStore } from "../../support/registry-mortal-store.ts";

interface Story {
  readonly name: string;
  readonly before?: (deps: PublishDeps) => Promise<unknown>;
  readonly act: Deed;
  /** Where the aliases point after the deed, however often it was begun. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly usable: number;
  /** How many writes the deed is, undisturbed. */
  readonly writes: number;
}

const two = async (deps: PublishDeps) => {
  await publishAs(deps, "m", "a");
  await publishAs(deps, "m", "b");
};

const twoAnd = (deed: Deed) => async (deps: PublishDeps) => {
  await two(deps);
  must(await deed(deps));
};

const STORIES: readonly Story[] = [
  {
    name: "publish, a new model",
    act: (deps) => tryPublishing(deps, "m", "a"),
    aliases: { production: "?" },
    usable: 1,
    writes: 5,
  },
  {
    name: "publish, a second version",
    before: (deps) => publishAs(deps, "m", "a"),
    act: (deps) => tryPublishing(deps, "m", "b"),
    aliases: { production: "1" },
    usable: 2,
    writes: 3,
  },
  {
    name: "publish with an alias",
    before: (deps) => publishAs(deps, "m", "a"),
    act: (deps) => tryPublishing(deps, "m", "b", { alias: "staging" }),
    aliases: { production: "1", staging: "?" },
    usable: 2,
    writes: 5,
  },
  {
    name: "publish, a new model with another alias",
    act: (deps) => tryPublishing(deps, "m", "a", { alias: "staging" }),
    aliases: { production: "?", staging: "?" },
    usable: 1,
    writes: 7,
  },
  {
    name: "publish of the same bytes after a delete",
    before: twoAnd((deps) => deleteVersion(deps, "m", "2", MOVER)),
    act: (deps) => tryPublishing(deps, "m", "b"),
    aliases: { production: "1" },
    usable: 2,
    writes: 3,
  },
  {
    name: "set an alias",
    before: two,
    act: (deps) => point(deps, "m", "staging", "2"),
    aliases: { production: "1", staging: "2" },
    usable: 2,
    writes: 2,
  },
  {
    name: "remove an alias",
    before: twoAnd((deps) => point(deps, "m", "staging", "2")),
    // Whoever finds it gone already has what was wanted.
    act: async (deps) => {
      const removed = await removeAlias(deps, "m", "staging", MOVER);
      const isGone = !removed.ok && removed.failure.reason === "alias_not_found";
      return isGone ? { ok: true, value: undefined } : removed;
    },
    aliases: { production: "1" },
    usable: 2,
    writes: 2,
  },
  {
    name: "promote",
    before: twoAnd((deps) => point(deps, "m", "staging", "2")),
    act: (deps) => promote(deps, "m", { from: "staging", to: "production", force: false }, MOVER),
    aliases: { production: "2", staging: "2" },
    usable: 2,
    writes: 2,
  },
  {
    name: "roll back to a named version",
    before: twoAnd((deps) => point(deps, "m", "production", "2")),
    act: (deps) => rollBack(deps, "m", { alias: "production", to: "1" }, MOVER),
    aliases: { production: "1" },
    usable: 2,
    writes: 2,
  },
  {
    name: "delete",
    before: twoAnd((deps) => annotateVersion(deps.store, "m", "2", { tags: { team: "x" } })),
    act: (deps) => deleteVersion(deps, "m", "2", MOVER),
    aliases: { production: "1" },
    usable: 1,
    writes: 6,
  },
];

describe("a process that dies after its n-th write", () => {
  describe.each(STORIES)("in: $name", (story) => {
    it("leaves a valid registry, and a retry ends as the deed does", async () => {
      let died = true;
      let writes = -1;
      while (died) {
        writes += 1;
        const bucket = createMemoryObjectStore({ digest: createNodeDigest() });
        await story.before?.(registryDeps(bucket));
        const snapshot = await snapshotVersions(bucket, "m");
        const mortal = createMortalStore(bucket, writes);
        const outcome = await story.act(registryDeps(mortal));
        died = mortal.isDead;
        const where = `after ${mortal.written.join(", ") || "nothing"}`;
        if (!died) expect(outcome.ok).toBe(true);
        expect([where, await findProblems(bucket, "m", snapshot)]).toEqual([where, []]);
        must(await story.act(registryDeps(bucket)));
        expect([where, await findProblems(bucket, "m", snapshot)]).toEqual([where, []]);
        expect([where, await endOf(bucket, story)]).toEqual([
          where,
          { aliases: story.aliases, usable: story.usable },
        ]);
      }
      expect(writes).toBe(story.writes + 1);
    });
  });

  it("has its move written into the history by the next mover", async () => {
    const bucket = createMemoryObjectStore({ digest: createNodeDigest() });
    await two(registryDeps(bucket));
    await point(registryDeps(createMortalStore(bucket, 1)), "m", "staging", "2");
    must(await point(registryDeps(bucket), "m", "canary", "2"));
    const deployment = must(await readDeployment(bucket, "m")).value;
    const told = (await wholeHistory(bucket, deployment)).map(({ rev, action, alias }) => [
      rev,
      action,
      alias,
    ]);
    expect(told).toEqual([
      [1, "publish", "production"],
      [2, "set", "staging"],
      [3, "set", "canary"],
    ]);
  });
});

/** Aliases and how many versions can be used; a number that the deaths decide reads `?`. */
async function endOf(bucket: ObjectStore, { aliases }: Story) {
  const deployment = must(await readDeployment(bucket, "m")).value;
  const folders = must(await listFolders(bucket, "models/m/versions/"));
  const described = await Promise.all(
    folders.map((version) => describeVersion(bucket, deployment, version)),
  );
  const usable = described.filter(({ ok }) => ok).length;
  const shown = Object.entries(inShort(deployment)).map(([alias, word]) => [
    alias,
    aliases[alias] === "?" && /^[12345]$/.test(word) ? "?" : word,
  ]);
  return { aliases: Object.fromEntries(shown), usable };
}
