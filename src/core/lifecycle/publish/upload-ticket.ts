import { getTextEncoding } from "@bufbuild/protobuf/wire";
import { fail, ok, type Result } from "../../model/result.ts";
import type { RegistryFailure } from "../registry-failure.ts";

/**
 * What an `upload_id` says: all that is known of an upload, since nobody keeps it. It is no
 * secret and not signed: the key is made of the model in the path and `id`, the store ties
 * `storeId` to that key, and the sizes are checked again on the object.
 */
export interface UploadTicket {
  readonly id: string;
  readonly sizeBytes: number;
  readonly partBytes: number;
  /** The store's own name for the upload. */
  readonly storeId: string;
}

const ID = /^[A-Za-z0-9-]{1,64}$/;
const SIZE = /^[1-9][0-9]{0,15}$/;
// A longer one is nobody's: R2's take 171 characters.
const MAX_WORD = 4_096;

/** Writes a ticket as one word of base64url. */
export function writeTicket({ id, sizeBytes, partBytes, storeId }: UploadTicket): string {
  const bytes = getTextEncoding().encodeUtf8([id, sizeBytes, partBytes, storeId].join("."));
  return toBase64Url(bytes);
}

/** Reads a ticket; whatever is not one is an upload that nobody knows. */
export function readTicket(word: string): Result<UploadTicket, RegistryFailure> {
  const text = word.length > MAX_WORD ? undefined : fromBase64Url(word);
  const [, id = "", size = "", part = "", storeId = ""] =
    /^([^.]*)\.([^.]*)\.([^.]*)\.(.+)$/s.exec(text ?? "") ?? [];
  if (!ID.test(id) || !SIZE.test(size) || !SIZE.test(part)) return noSuchUpload();
  return ok({ id, sizeBytes: Number(size), partBytes: Number(part), storeId });
}

export const noSuchUpload = (): Result<never, RegistryFailure> =>
  fail({
    reason: "upload_not_found",
    detail:
      "there is no such upload: it is finished, aborted, or of another model; begin a new one",
  });

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** RFC 4648, section 5, without padding. */
function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += ALPHABET[(held >> bits) & 63];
    }
  }
  return bits === 0 ? text : text + ALPHABET[(held << (6 - bits)) & 63];
}

/** `undefined` for what is not base64url of UTF-8. */
function fromBase64Url(text: string): string | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let size = 0;
  for (const char of text) {
    const value = ALPHABET.indexOf(char);
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[size] = (held >> bits) & 255;
    size += 1;
  }
  try {
    return getTextEncoding().decodeUtf8(bytes.subarray(0, size), true);
  } catch {
    return undefined;
  }
}
