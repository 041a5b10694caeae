import type { Tensor } from "../../core/model/tensor.ts";
import { writeJsonTensor, writeJsonTensors } from "../../core/model/write-json-data.ts";
import { writeBinaryTensor } from "./binary-tensor.ts";

/** One answered inference, ready to be written. */
export interface OipResponse {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  /** `parameters` of the answer, as JSON. */
  readonly parameters: string;
  readonly outputs: readonly { readonly tensor: Tensor; readonly binary: boolean }[];
}

/** A body with the headers that tell how to read it. */
export interface WrittenResponse {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer whose outputs stand written already, as `writeJsonTensors` does. */
export type WrittenOutputs = Omit<OipResponse, "outputs"> & { readonly outputs: string };

/** The headers of an answer that is all JSON: one object, to be recognized. */
export const JSON_HEADERS = { "content-type": "application/json" } as const;

const encoder = new TextEncoder();

/**
 * Writes an answer of the Open Inference Protocol: JSON, or, when an output is
 * asked for as bytes, JSON followed by those outputs' bytes in their order.
 */
export function writeOipResponse(response: OipResponse): WrittenResponse {
  const binary: Uint8Array[] = [];
  const outputs = response.outputs.map(({ tensor, binary: asBytes }) => {
    if (!asBytes) return writeJsonTensors([tensor]);
    const bytes = writeBinaryTensor(tensor);
    binary.push(bytes);
    return writeJsonTensor(tensor, `"parameters":{"binary_data_size":${bytes.byteLength}}`);
  });
  const json = writeEnvelope(response, outputs.join(","));
  if (binary.length === 0) return { body: json, headers: JSON_HEADERS };
  return append(json, binary);
}

/** Writes an answer that is all JSON around outputs that stand written. */
export const wrapJsonOutputs = (response: WrittenOutputs): WrittenResponse => ({
  body: writeEnvelope(response, response.outputs),
  headers: JSON_HEADERS,
});

function writeEnvelope(response: Omit<OipResponse, "outputs">, outputs: string): string {
  const { model, version, id, parameters } = response;
  const echoed = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  return `{"model_name":"${model}","model_version":"${version}",${echoed}"parameters":${parameters},"outputs":[${outputs}]}`;
}

function append(json: string, binary: readonly Uint8Array[]): WrittenResponse {
  const head = encoder.encode(json);
  const size = binary.reduce((sum, bytes) => sum + bytes.byteLength, head.byteLength);
  const body = new Uint8Array(size);
  body.set(head);
  let offset = head.byteLength;
  for (const bytes of binary) {
    body.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return {
    body,
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(head.byteLength),
    },
  };
}
