import type { LoadedVersion } from "../../core/cache/model-cache.ts";
import type { Datatype } from "../../core/model/datatype.ts";
import type { TensorSpec } from "../../core/model/tensor.ts";

/** Triton writes BYTES as TYPE_STRING in its model configuration; the other names only gain a prefix. */
const typeName = (datatype: Datatype): string =>
  datatype === "BYTES" ? "TYPE_STRING" : `TYPE_${datatype}`;

const tensor = ({ name, datatype, shape }: TensorSpec) => ({
  name,
  data_type: typeName(datatype),
  dims: shape,
});

/**
 * The configuration of a loaded version as Triton's model configuration extension
 * writes it. `max_batch_size` is 0: the batch is the first of the written dims, as in the graph.
 */
export const renderModelConfig = ({ model, version, session }: LoadedVersion) => ({
  name: model,
  platform: "onnxruntime_onnx",
  backend: "onnxruntime",
  version_policy: { specific: { versions: [Number(version)] } },
  max_batch_size: 0,
  input: session.inputs.map(tensor),
  output: session.outputs.map(tensor),
});
