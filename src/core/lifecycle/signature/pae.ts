import { getTextEncoding } from "@bufbuild/protobuf/wire";
import type { Bytes } from "../../model/tensor.ts";

/**
 * The bytes that a DSSE signature is made over: `DSSEv1 LEN(type) type LEN(body) body`, lengths
 * in bytes, decimal. Source: DSSE protocol 1.0.0, "Signature Definition"
 * (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md).
 */
export function encodePae(payloadType: string, payload: Uint8Array): Bytes {
  const text = getTextEncoding();
  const typeBytes = text.encodeUtf8(payloadType).byteLength;
  const head = text.encodeUtf8(`DSSEv1 ${typeBytes} ${payloadType} ${payload.byteLength} `);
  const encoded = new Uint8Array(head.byteLength + payload.byteLength);
  encoded.set(head);
  encoded.set(payload, head.byteLength);
  return encoded;
}
