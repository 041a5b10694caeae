import { access, constants, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions } from "miniflare";
import type { S3Config } from "../../src/adapters/s3/config.ts";
import { freePort } from "./free-port.ts";

const BUCKET = "freshet";
const CREDENTIALS = {
  accessKeyId: "freshet-local",
  secretAccessKey: "freshet-local-secret",
} as const;

/** Where Miniflare's dev server answers the S3 API over its R2 simulator. */
const S3_PATH = "/cdn-cgi/local/r2/s3";

/** The part of Miniflare's options that turns the local S3 on. */
export const localS3Options = {
  r2Buckets: { FRESHET_LOCAL_BUCKET: { id: BUCKET, s3Credentials: CREDENTIALS } },
} as const;

/** How to reach the local S3 of a Miniflare that listens at `url`. */
export const localS3Config = (url: string): S3Config => ({
  endpoint: `${url.replace(/\/$/, "")}${S3_PATH}`,
  bucket: BUCKET,
  region: "auto",
  ...CREDENTIALS,
  prefix: "",
});

export interface LocalS3 {
  readonly config: S3Config;
  stop(): Promise<void>;
}

const MEMORY_FOLDER = "/dev/shm";
/** A container's is 64 MB unless told otherwise: too small for a long test. */
const ENOUGH_BYTES = 1024 ** 3;

/** Memory where there is plenty: a store that lives for one test needs no disk, and takes half the time. */
async function quickFolder(): Promise<string> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK);
    const { bavail, bsize } = await statfs(MEMORY_FOLDER);
    return bavail * bsize >= ENOUGH_BYTES ? MEMORY_FOLDER : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** A local S3 of its own on a free port, its data gone with it. */
export async function startLocalS3(): Promise<LocalS3> {
  const dir = await mkdtemp(join(await quickFolder(), "freshet-s3-"));
  const options: V4MiniflareOptions = {
    host: "127.0.0.1",
    port: await freePort(),
    cf: false,
    resourcePersistencePath: dir,
    workers: [
      {
        name: "s3",
        modules: true,
        script: "export default { fetch: () => new Response(null, { status: 404 }) }",
        ...localS3Options,
      },
    ],
  };
  const miniflare = new Miniflare(convertV4MiniflareOptions(options));
  const url = await miniflare.ready;
  return {
    config: localS3Config(url.origin),
    async stop() {
      await miniflare.dispose();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
