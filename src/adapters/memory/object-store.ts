import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { Digest } from "../../core/ports/digest.ts";
import type {
  ObjectPage,
  ObjectStore,
  PutOptions,
  StoreFailure,
} from "../../core/ports/object-store.ts";

interface Kept {
  readonly bytes: Bytes;
  readonly etag: string;
  readonly modifiedAt: string;
}

const MAX_PAGE = 1_000;

export interface MemoryObjectStoreDeps {
  readonly digest: Digest;
  /** Put into every etag, so that no other store has the same for the same bytes. */
  readonly etagSalt?: string;
}

/**
 * An object store in memory, for tests of what stands on the port. Gone with its process. Its
 * etags are hashes of the bytes, as S3's are.
 */
export function createMemoryObjectStore({
  digest,
  etagSalt = "",
}: MemoryObjectStoreDeps): ObjectStore {
  const kept = new Map<string, Kept>();
  const hashOf = async (bytes: Bytes): Promise<string> => {
    const hash = digest.sha256Stream();
    await hash.write(bytes);
    return hash.finish();
  };
  return {
    async get(key, { maxBytes, ifNoneMatch, sha256 }) {
      const object = kept.get(key);
      if (object === undefined) return refuse("absent", key);
      if (object.etag === ifNoneMatch) return refuse("unchanged", key);
      if (object.bytes.byteLength > maxBytes) return refuse("too_large", key);
      const { etag } = object;
      const bytes = object.bytes.slice();
      return ok(sha256 === true ? { bytes, etag, sha256: await hashOf(bytes) } : { bytes, etag });
    },
    async head(key) {
      const object = kept.get(key);
      if (object === undefined) return refuse("absent", key);
      const { etag, modifiedAt } = object;
      return ok({ etag, sizeBytes: object.bytes.byteLength, modifiedAt });
    },
    async put(key, bytes, { when }) {
      const copy = bytes.slice();
      const etag = `"${etagSalt}${(await hashOf(copy)).slice(0, 32)}"`;
      if (!holds(when, kept.get(key))) return refuse("precondition_lost", key);
      kept.set(key, { bytes: copy, etag, modifiedAt: new Date().toISOString() });
      return ok({ etag });
    },
    async list(prefix, { delimiter, cursor, limit }) {
      const keys = [...kept.keys()].filter((key) => key.startsWith(prefix)).sort(byUtf8);
      return ok(page(kept, keys, prefix, delimiter, cursor, limit ?? MAX_PAGE));
    },
    async delete(key) {
      kept.delete(key);
      return ok(undefined);
    },
  };
}

const refuse = (reason: StoreFailure["reason"], key: string): Result<never, StoreFailure> =>
  fail({ reason, detail: `${key}: ${reason}` });

function holds(when: PutOptions["when"], object: Kept | undefined): boolean {
  if (when === undefined) return true;
  return when === "absent" ? object === undefined : object?.etag === when.etag;
}

const encoder = new TextEncoder();

/** S3's order, which is not that of UTF-16 code units. */
function byUtf8(a: string, b: string): number {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** One page: keys and folders in one order, the cursor being the last one given. */
function page(
  kept: ReadonlyMap<string, Kept>,
  keys: readonly string[],
  prefix: string,
  delimiter: string | undefined,
  cursor: string | undefined,
  limit: number,
): ObjectPage {
  const names = [...new Set(keys.map((key) => folderOf(key, prefix, delimiter) ?? key))];
  const rest = cursor === undefined ? names : names.filter((name) => byUtf8(name, cursor) > 0);
  const given = rest.slice(0, limit);
  const last = given.at(-1);
  return {
    objects: given.flatMap((key) => listed(key, kept.get(key))),
    prefixes: given.filter((name) => !kept.has(name)),
    ...(rest.length > given.length && last !== undefined ? { nextCursor: last } : {}),
  };
}

function folderOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (delimiter === undefined) return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

const listed = (key: string, object: Kept | undefined) =>
  object === undefined
    ? []
    : [
        {
          key,
          etag: object.etag,
          sizeBytes: object.bytes.byteLength,
          modifiedAt: object.modifiedAt,
        },
      ];
