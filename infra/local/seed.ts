import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { deploymentKey, manifestKey, modelBytesKey } from "../../src/core/model/keys.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples", "models");
const DEADLINE_MS = 10_000;

/**
 * Publishes the example models into a store that has none of them: bytes, then
 * manifest, then pointer. Only creates; what is there is left as it is.
 * @returns names of the models that were newly published
 */
export async function publishExamples(store: ObjectStore): Promise<readonly string[]> {
  const entries = await readdir(EXAMPLES, { withFileTypes: true });
  const models = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const published: string[] = [];
  for (const model of models) {
    const versions = await readdir(join(EXAMPLES, model, "versions"));
    for (const version of versions) {
      const folder = join(EXAMPLES, model, "versions", version);
      await create(store, modelBytesKey(model, version), join(folder, "model.onnx"));
      await create(store, manifestKey(model, version), join(folder, "manifest.json"));
    }
    const pointer = join(EXAMPLES, model, "deployment.json");
    if (await create(store, deploymentKey(model), pointer)) published.push(model);
  }
  return published;
}

/** False when the key was there already. */
async function create(store: ObjectStore, key: string, path: string): Promise<boolean> {
  const bytes = new Uint8Array(await readFile(path));
  const contentType = path.endsWith(".json") ? "application/json" : "application/octet-stream";
  const written = await store.put(key, bytes, {
    deadlineMs: DEADLINE_MS,
    when: "absent",
    contentType,
  });
  if (written.ok || written.failure.reason === "precondition_lost") return written.ok;
  throw new Error(`cannot publish the examples: ${written.failure.detail}`);
}
