import { Buffer } from "node:buffer";

/**
 * The same model as other bytes: an entry is appended to the file's `metadata_props` (field 14
 * of ONNX' ModelProto), which no run reads.
 */
export function variantOf(model: Uint8Array, name: string): Uint8Array<ArrayBuffer> {
  const entry = Buffer.concat([field(1, Buffer.from("variant")), field(2, Buffer.from(name))]);
  return new Uint8Array(Buffer.concat([model, field(14, entry)]));
}

/** A length-delimited field of protobuf; for fewer than 128 bytes, whose length is one byte. */
function field(number: number, bytes: Buffer): Buffer {
  if (bytes.length > 127) throw new RangeError(`${bytes.length} bytes are too many for one`);
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
}
