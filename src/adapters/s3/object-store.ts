import { ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Digest } from "../../core/ports/digest.ts";
import type {
  ObjectHead,
  ObjectPage,
  ObjectStore,
  PutOptions,
  StoreFailure,
} from "../../core/ports/object-store.ts";
import { createS3Client, ignoreBody, type Reader, type S3Client, type S3Deps } from "./client.ts";
import type { S3Config } from "./config.ts";
import { storeFailure } from "./failures.ts";
import { type AskedListing, parseListing } from "./list-xml.ts";
import { readBytes } from "./read-bytes.ts";

/** The object store port over any S3-compatible endpoint. Runs in Workers and in Node. */
export function createS3ObjectStore(
  config: S3Config,
  deps: S3Deps & { readonly digest: Digest },
): ObjectStore {
  const client = createS3Client(config, deps);
  const store: ObjectStore = {
    get: (key, { deadlineMs, maxBytes, ifNoneMatch, sha256 }) => {
      const headers = ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch };
      const digest = sha256 === true ? deps.digest : undefined;
      return client.send({ method: "GET", key, headers, deadlineMs }, (answer) =>
        readBytes(answer, { call: `GET ${key}`, maxBytes, digest }),
      );
    },
    head: (key, { deadlineMs }) =>
      client.send({ method: "HEAD", key, deadlineMs }, (answer) => readHead(key, answer)),
    put: (key, bytes, options) => put({ client, store, clock: deps.clock }, key, bytes, options),
    list: (prefix, { deadlineMs, delimiter, cursor, limit }) => {
      const query = {
        "list-type": "2",
        "encoding-type": "url",
        prefix: config.prefix + prefix,
        ...(delimiter === undefined ? {} : { delimiter }),
        ...(cursor === undefined ? {} : { "continuation-token": cursor }),
        ...(limit === undefined ? {} : { "max-keys": String(limit) }),
      };
      return client.send(
        { method: "GET", query, deadlineMs },
        readPage({ wanted: query.prefix, hidden: config.prefix, cursor }),
      );
    },
    async delete(key, { deadlineMs }) {
      const gone = await client.send({ method: "DELETE", key, deadlineMs }, ignoreBody);
      return !gone.ok && gone.failure.reason === "absent" ? ok(undefined) : gone;
    },
  };
  return store;
}

async function readHead(key: string, answer: Response): Promise<Result<ObjectHead, StoreFailure>> {
  const etag = answer.headers.get("etag");
  const length = answer.headers.get("content-length");
  if (etag === null || length === null) {
    return storeFailure("corrupt", `HEAD ${key}`, "the answer has no ETag or no Content-Length");
  }
  const modified = Date.parse(answer.headers.get("last-modified") ?? "");
  const modifiedAt = Number.isNaN(modified) ? {} : { modifiedAt: new Date(modified).toISOString() };
  return ok({ etag, sizeBytes: Number(length), ...modifiedAt });
}

const readPage =
  (asked: AskedListing): Reader<ObjectPage> =>
  async (answer) => {
    const page = parseListing(await answer.text(), asked);
    return page === undefined
      ? storeFailure("corrupt", `list ${asked.wanted}`, "the answer is not a listing")
      : ok(page);
  };

interface PutDeps {
  readonly client: S3Client;
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/**
 * Writes one object. When an attempt got no clear answer and a later one lost its
 * condition, the winner may have been the first attempt: what is stored is read
 * back, and if it is these very bytes the write succeeded.
 */
async function put(
  { client, store, clock }: PutDeps,
  key: string,
  bytes: Bytes,
  { when, contentType, deadlineMs }: PutOptions,
): Promise<Result<{ readonly etag: string }, StoreFailure>> {
  const headers = {
    "content-type": contentType ?? "application/octet-stream",
    ...(when === undefined
      ? {}
      : when === "absent"
        ? { "if-none-match": "*" }
        : { "if-match": when.etag }),
  };
  const endMs = clock.now() + deadlineMs;
  let mayHaveWritten = false;
  const written = await client.send(
    { method: "PUT", key, headers, body: bytes, deadlineMs },
    (answer) => readEtag(key, answer),
    () => {
      mayHaveWritten = true;
    },
  );
  if (written.ok || written.failure.reason !== "precondition_lost" || !mayHaveWritten)
    return written;
  const leftMs = Math.max(1, endMs - clock.now());
  const stored = await store.get(key, { deadlineMs: leftMs, maxBytes: bytes.byteLength });
  return stored.ok && sameBytes(stored.value.bytes, bytes)
    ? ok({ etag: stored.value.etag })
    : written;
}

async function readEtag(key: string, answer: Response) {
  const etag = answer.headers.get("etag");
  await answer.body?.cancel();
  return etag === null
    ? storeFailure("corrupt", `PUT ${key}`, "the answer has no ETag")
    : ok({ etag });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
