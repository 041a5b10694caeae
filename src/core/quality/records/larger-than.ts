import { getTextEncoding } from "@bufbuild/protobuf/wire";

/** Most bytes that a character, as JavaScript counts them, takes in UTF-8. */
const MOST = 3;

/** Whether a text takes more than so many bytes in UTF-8; counted only where its length does not tell. */
export function isLargerThan(bytes: number, text: string): boolean {
  if (text.length > bytes) return true;
  return MOST * text.length > bytes && getTextEncoding().encodeUtf8(text).byteLength > bytes;
}
