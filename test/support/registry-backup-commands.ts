import { expect } from "vitest";
import type { BackupDeps } from "../../src/core/lifecycle/backup/backup-deps.ts";
import { restore } from "../../src/core/lifecycle/backup/restore.ts";
import { runBackup } from "../../src/core/lifecycle/backup/run-backup.ts";
import { listKeys } from "../../src/core/lifecycle/list-keys.ts";
import { modelPrefix } from "../../src/core/model/keys.ts";
import { must } from "./must.ts";
import type { RealRegistry } from "./registry-commands.ts";
import { MOVER } from "./registry-core.ts";
import { type PlainRegistry, plainRestore, plainSave } from "./registry-model.ts";

const BUDGET_MS = 60_000;
const REQUEST = { overwritePointer: false, budgetMs: BUDGET_MS };

const depsOf = ({ deps, backup }: RealRegistry): BackupDeps => ({
  ...deps,
  backup,
  events: { emit: () => undefined },
  maxBytes: 1_000_000,
});

/** The second bucket has everything that the first has. */
export async function backUp(plain: PlainRegistry, real: RealRegistry): Promise<void> {
  expect(await runBackup(depsOf(real), { budgetMs: BUDGET_MS })).toMatchObject({
    done: true,
    failed: [],
  });
  plainSave(plain);
}

/** Where nothing was lost nothing comes back: no deleted version, no older pointer. */
export async function restoreNothing(plain: PlainRegistry, real: RealRegistry): Promise<void> {
  const restored = await restore(depsOf(real), { ...REQUEST, model: real.model }, MOVER);
  if (plain.saved === undefined || plain.saved.moves === 0) {
    expect(restored).toMatchObject({ failure: { reason: "model_not_found" } });
    return;
  }
  expect(must(restored)).toMatchObject({ done: true, failed: [], restored: 0 });
}

/** The first bucket loses the model: it comes back as it was at its last backup. */
export async function loseAndRestore(plain: PlainRegistry, real: RealRegistry): Promise<void> {
  if (plain.saved === undefined || plain.saved.moves === 0) return;
  const { store } = real.deps;
  for (const { key } of must(await listKeys(store, modelPrefix(real.model)))) {
    must(await store.delete(key, { deadlineMs: 10_000 }));
  }
  const restored = await restore(depsOf(real), { ...REQUEST, model: real.model }, MOVER);
  expect(must(restored)).toMatchObject({
    done: true,
    failed: [],
    pointers: { [real.model]: "restored" },
  });
  plainRestore(plain);
  real.highest = Math.max(0, ...[...plain.versions.keys()].map(Number));
}
