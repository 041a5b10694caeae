import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import * as z from "zod/mini";
import { DATATYPES, elementSizeBytes } from "../model/datatype.ts";
import { ELEMENT_VIEWS } from "../model/element-views.ts";
import { elementCount, makeTensor, type Tensor, type TensorSpec } from "../model/tensor.ts";
import type { CachedPrediction } from "./cached-prediction.ts";

const ms = z.int().check(z.minimum(0));

/** What Redis holds at `pred:{epoch}:{key}`: the outputs, and where they came from. Times in ms since 1970. */
const documentSchema = z.object({
  _model: z.string(),
  _version: z.string(),
  _digest: z.string(),
  _strategy: z.literal("fast"),
  _created_at: ms,
  fresh_until: ms,
  stale_until: ms,
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.enum(DATATYPES),
      shape: z.array(z.int().check(z.minimum(0))),
      /** Base64 of the little-endian elements; strings as they are. */
      data: z.union([z.string(), z.array(z.string())]),
    }),
  ),
});

/** Writes a prediction for Redis; every element keeps its bits. */
export const writeDocument = (prediction: CachedPrediction): string =>
  JSON.stringify({
    _model: prediction.model,
    _version: prediction.version,
    _digest: prediction.digest,
    _strategy: prediction.strategy,
    _created_at: prediction.createdAtMs,
    fresh_until: prediction.freshUntilMs,
    stale_until: prediction.staleUntilMs,
    outputs: prediction.outputs.map(({ name, datatype, shape, data }) => ({
      name,
      datatype,
      shape,
      data:
        datatype === "BYTES"
          ? data
          : base64Encode(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    })),
  });

/**
 * Reads what Redis holds. `undefined` for anything that is not an answer of this very digest with
 * these very outputs: whoever wrote it, it is no hit.
 * @param outputs the specs of the outputs asked for, in their order
 */
export function readDocument(
  text: string,
  { digest, outputs }: { readonly digest: string; readonly outputs: readonly TensorSpec[] },
): CachedPrediction | undefined {
  const read = z.safeParse(documentSchema, parsed(text));
  if (!read.success) return undefined;
  const document = read.data;
  if (document._digest !== digest || document.outputs.length !== outputs.length) return undefined;
  const tensors: Tensor[] = [];
  for (const [index, spec] of outputs.entries()) {
    const written = document.outputs[index];
    const tensor = written === undefined || !fits(spec, written) ? undefined : unpack(written);
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  return {
    model: document._model,
    version: document._version,
    digest,
    strategy: document._strategy,
    outputs: tensors,
    createdAtMs: document._created_at,
    freshUntilMs: document.fresh_until,
    staleUntilMs: document.stale_until,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Written = z.output<typeof documentSchema>["outputs"][number];

const fits = (spec: TensorSpec, { name, datatype }: Written): boolean =>
  name === spec.name && datatype === spec.datatype;

function unpack({ name, datatype, shape, data }: Written): Tensor | undefined {
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
