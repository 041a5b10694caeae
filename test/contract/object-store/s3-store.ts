import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import type { S3Config } from "../../../src/adapters/s3/config.ts";
import { createS3ObjectStore } from "../../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../../src/adapters/web-platform/clock.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";

/** The S3 adapter as a tool in Node makes it. */
export const s3Store = (config: S3Config): ObjectStore =>
  createS3ObjectStore(config, {
    digest: createNodeDigest(),
    clock: createSystemClock(),
    random: Math.random,
  });
