import type { ModelCache } from "../cache/model-cache.ts";
import type { Deployment } from "../model/deployment.ts";

/**
 * Lets go of loaded versions of a model that are not what its pointer says they were published as:
 * somebody has replaced them whole in the bucket, and this isolate took them before it knew.
 */
export function dropReplaced(models: ModelCache, { model, digests }: Deployment): void {
  if (digests === undefined) return;
  for (const { model: name, version, digest } of models.loaded()) {
    const published = name === model ? digests[version] : undefined;
    if (published !== undefined && published !== digest) models.unload(name, version);
  }
}
