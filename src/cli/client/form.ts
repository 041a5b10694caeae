import { randomBytes } from "node:crypto";

export interface FormPart {
  readonly name: string;
  readonly type: string;
  /** Makes the part a file. */
  readonly fileName?: string;
  readonly bytes: Uint8Array;
}

/** A form as its header and the pieces of its body, which hold no copy of a part. Source: RFC 7578. */
export function encodeForm(parts: readonly FormPart[]): {
  readonly contentType: string;
  readonly body: readonly Uint8Array[];
} {
  const boundary = `freshet-${randomBytes(18).toString("hex")}`;
  const pieces = parts.flatMap(({ name, type, fileName, bytes }) => {
    const file = fileName === undefined ? "" : `; filename="${fileName}"`;
    const head = `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file}\r\ncontent-type: ${type}\r\n\r\n`;
    return [Buffer.from(head), bytes, Buffer.from("\r\n")];
  });
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: [...pieces, Buffer.from(`--${boundary}--\r\n`)],
  };
}
