import type { S3Config } from "../../../src/adapters/s3/config.ts";
import { createS3UploadStore } from "../../../src/adapters/s3/uploads.ts";
import { createSystemClock } from "../../../src/adapters/web-platform/clock.ts";
import type { Bytes } from "../../../src/core/model/tensor.ts";
import { s3Store } from "../object-store/s3-store.ts";
import type { StartedUploads } from "./suite.ts";

/** The S3 adapter over a bucket that runs; parts are sent by a plain `fetch` that knows no key. */
export const uploadsOver = (s3: {
  readonly config: S3Config;
  stop(): Promise<void>;
}): StartedUploads => ({
  uploads: createS3UploadStore(s3.config, { clock: createSystemClock(), random: Math.random }),
  store: s3Store(s3.config),
  send: sendPart,
  stop: s3.stop,
});

/** PUTs to a signed URL; the etag, or the status of a refusal. */
export async function sendPart(url: string, bytes: Bytes): Promise<string | number> {
  const answer = await fetch(url, { method: "PUT", body: bytes });
  await answer.arrayBuffer();
  return answer.ok ? (answer.headers.get("etag") ?? answer.status) : answer.status;
}
