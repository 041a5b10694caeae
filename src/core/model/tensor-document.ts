import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import * as z from "zod/mini";
import { DATATYPES, elementSizeBytes } from "./datatype.ts";
import { ELEMENT_VIEWS } from "./element-views.ts";
import { elementCount, makeTensor, type Tensor } from "./tensor.ts";

/** A tensor in JSON that keeps every bit of its elements. */
export const tensorDocument = z.object({
  name: z.string(),
  datatype: z.enum(DATATYPES),
  shape: z.array(z.int().check(z.minimum(0))),
  /** Base64 of the little-endian elements; strings as they are. */
  data: z.union([z.string(), z.array(z.string())]),
});

export type TensorDocument = z.output<typeof tensorDocument>;

export const writeTensorDocument = ({ name, datatype, shape, data }: Tensor): TensorDocument => ({
  name,
  datatype,
  shape: [...shape],
  data:
    datatype === "BYTES"
      ? [...data]
      : base64Encode(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
});

/** `undefined` when shape and data do not go together. */
export function readTensorDocument({
  name,
  datatype,
  shape,
  data,
}: TensorDocument): Tensor | undefined {
  const count = elementCount(shape);
  if (datatype === "BYTES") {
    return typeof data === "string" || data.length !== count
      ? undefined
      : makeTensor(name, datatype, shape, data);
  }
  const bytes = typeof data === "string" ? decoded(data) : undefined;
  if (bytes === undefined || count === undefined) return undefined;
  if (bytes.byteLength !== count * (elementSizeBytes(datatype) ?? 0)) return undefined;
  // The decoder may leave room behind the bytes, and the view must own its own.
  const own = bytes.slice().buffer;
  return makeTensor(name, datatype, shape, new ELEMENT_VIEWS[datatype](own) as never);
}

function decoded(text: string): Uint8Array | undefined {
  try {
    return base64Decode(text);
  } catch {
    return undefined;
  }
}
