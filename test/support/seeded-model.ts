import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { listKeys } from "../../src/core/lifecycle/list-keys.ts";
import { readDeployment } from "../../src/core/lifecycle/read-deployment.ts";
import { modelPrefix } from "../../src/core/model/keys.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { irisBytes } from "./iris.ts";
import { must } from "./must.ts";
import { point, publishAs, registryDeps } from "./registry-core.ts";

const DEADLINE = { deadlineMs: 30_000 };

/**
 * Puts a whole model into a bucket, as the registry makes one: versions 1 to 3, `production`
 * at 2 and before that at 1, `staging` at 3, and the history of it. Made in memory and copied: a
 * model is many writes one after another.
 * @param mark tells its bytes from those of other models; it takes this and the three after it
 * @returns the pointer's revision
 */
export async function seedModel(store: ObjectStore, model: string, mark: number): Promise<number> {
  const memory = createMemoryObjectStore({ digest: createNodeDigest() });
  const deps = registryDeps(memory);
  for (const nth of [0, 1, 2]) await publishAs(deps, model, "", { bytes: irisBytes(mark + nth) });
  must(await point(deps, model, "production", "2"));
  const { rev } = must(await point(deps, model, "staging", "3"));
  const keys = must(await listKeys(memory, modelPrefix(model)));
  await Promise.all(
    keys.map(async ({ key }) => {
      const { bytes } = must(await memory.get(key, { ...DEADLINE, maxBytes: 10_000_000 }));
      must(await store.put(key, bytes, DEADLINE));
    }),
  );
  return rev;
}

/** The pointer's revision as it stands in the bucket. */
export const revOf = async (store: ObjectStore, model: string): Promise<number> =>
  must(await readDeployment(store, model)).value.rev;
