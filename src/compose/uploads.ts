import type { S3Deps } from "../adapters/s3/client.ts";
import type { S3Config } from "../adapters/s3/config.ts";
import type { UploadStore } from "../core/ports/upload-store.ts";

/** Uploads in parts, loaded when the first one begins: a cold start does not wait for them. */
export function createLazyUploadStore(config: S3Config, deps: S3Deps): UploadStore {
  const load = async () => {
    const { createS3UploadStore } = await import("../adapters/s3/uploads.ts");
    return createS3UploadStore(config, deps);
  };
  return {
    begin: async (...given) => (await load()).begin(...given),
    presignPart: async (...given) => (await load()).presignPart(...given),
    complete: async (...given) => (await load()).complete(...given),
    abort: async (...given) => (await load()).abort(...given),
  };
}
