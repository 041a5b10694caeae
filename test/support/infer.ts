import type { Tensor } from "../../src/core/model/tensor.ts";
import { writeBinaryTensor } from "../../src/http/oip/binary-tensor.ts";

/** One output as a client sees it: numbers, or text for strings and 64-bit integers. */
export interface ClientOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

export interface ClientAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly outputs: readonly ClientOutput[];
  readonly error?: string;
}

/** Sends rows as a JSON tensor. */
export async function inferJson(
  url: string,
  path: string,
  rows: readonly (readonly number[])[],
): Promise<ClientAnswer> {
  const shape = [rows.length, rows[0]?.length ?? 0];
  const input = { name: "features", shape, datatype: "FP32", data: rows };
  return read(
    await fetch(`${url}${path}`, { method: "POST", body: JSON.stringify({ inputs: [input] }) }),
  );
}

/** Sends rows as bytes and asks for every output as bytes. */
export async function inferBinary(
  url: string,
  path: string,
  rows: readonly (readonly number[])[],
): Promise<ClientAnswer> {
  const shape = [rows.length, rows[0]?.length ?? 0];
  const tensor: Tensor = {
    name: "features",
    datatype: "FP32",
    shape,
    data: Float32Array.from(rows.flat()),
  };
  const bytes = writeBinaryTensor(tensor);
  const input = {
    name: "features",
    shape,
    datatype: "FP32",
    parameters: { binary_data_size: bytes.byteLength },
  };
  const head = JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } });
  const headers = { "inference-header-content-length": String(Buffer.byteLength(head)) };
  const body = Buffer.concat([Buffer.from(head), bytes]);
  return read(await fetch(`${url}${path}`, { method: "POST", body, headers }));
}

async function read(answer: Response): Promise<ClientAnswer> {
  const { status, headers } = answer;
  const body = Buffer.from(await answer.arrayBuffer());
  const length = Number(headers.get("inference-header-content-length") ?? body.byteLength);
  const json = JSON.parse(body.subarray(0, length).toString("utf8"));
  if (status !== 200) return { status, headers, outputs: [], error: json.error };
  let offset = length;
  const outputs = json.outputs.map(
    (output: ClientOutput & { parameters?: { binary_data_size: number } }) => {
      const size = output.parameters?.binary_data_size;
      if (size === undefined) return output;
      offset += size;
      return { ...output, data: unpack(output.datatype, body.subarray(offset - size, offset)) };
    },
  );
  return { status, headers, outputs };
}

/** Read the way a client would, not with the server's own code. */
function unpack(datatype: string, raw: Buffer): readonly unknown[] {
  if (datatype === "FP32")
    return Array.from({ length: raw.length / 4 }, (_, i) => raw.readFloatLE(4 * i));
  if (datatype === "INT64") {
    return Array.from({ length: raw.length / 8 }, (_, i) => Number(raw.readBigInt64LE(8 * i)));
  }
  const texts: string[] = [];
  for (let at = 0; at < raw.length; ) {
    const end = at + 4 + raw.readUInt32LE(at);
    texts.push(raw.subarray(at + 4, end).toString("utf8"));
    at = end;
  }
  return texts;
}
