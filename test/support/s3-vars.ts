import type { S3Config } from "../../src/adapters/s3/config.ts";

/** A bucket as a Worker's settings say it. */
export const s3Vars = (config: S3Config) => ({
  S3_ENDPOINT: config.endpoint,
  S3_BUCKET: config.bucket,
  S3_REGION: config.region,
  S3_ACCESS_KEY_ID: config.accessKeyId,
  S3_SECRET_ACCESS_KEY: config.secretAccessKey,
});
