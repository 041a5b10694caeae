import { createHash } from "node:crypto";
import { deploymentKey, manifestKey, modelBytesKey } from "../../src/core/model/keys.ts";
import type { Bytes } from "../../src/core/model/tensor.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { must } from "./must.ts";

const DEADLINE = { deadlineMs: 10_000 };

/** Parts of a manifest that a test wants otherwise. */
export type ManifestChanges = Readonly<Record<string, unknown>>;

/** Writes one version as a publisher does: bytes first, then the manifest. */
export async function putVersion(
  store: ObjectStore,
  model: string,
  version: string,
  bytes: Bytes,
  changes: ManifestChanges = {},
): Promise<void> {
  must(await store.put(modelBytesKey(model, version), bytes, DEADLINE));
  const manifest = {
    schema: 1,
    name: model,
    version,
    digest: createHash("sha256").update(bytes).digest("hex"),
    size_bytes: Math.max(1, bytes.byteLength),
    created_at: "2026-01-01T00:00:00Z",
    ...changes,
  };
  must(await store.put(manifestKey(model, version), jsonBytes(manifest), DEADLINE));
}

/** Writes a model's pointer; `weights` by alias, and what else the document is to say. */
export async function putDeployment(
  store: ObjectStore,
  model: string,
  rev: number,
  aliases: Readonly<Record<string, Readonly<Record<string, number>>>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const routes = Object.entries(aliases).map(([alias, weights]) => [alias, { weights }]);
  const document = { model, rev, aliases: Object.fromEntries(routes), ...more };
  must(await store.put(deploymentKey(model), jsonBytes(document), DEADLINE));
}

/** One version, served by `production`. */
export async function publish(
  store: ObjectStore,
  model: string,
  bytes: Bytes,
  version = "1",
): Promise<void> {
  await putVersion(store, model, version, bytes);
  await putDeployment(store, model, Number(version), { production: { [version]: 100 } });
}

export const jsonBytes = (value: unknown): Bytes => new TextEncoder().encode(JSON.stringify(value));
