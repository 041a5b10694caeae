import type { Manifest } from "../../model/manifest.ts";
import type { Draft } from "../../model/manifest-draft.ts";
import type { OnnxFacts } from "../../model/onnx/inspect.ts";
import type { TensorSpec } from "../../model/tensor.ts";
import type { Examined } from "./examine-model.ts";

type Identity = Pick<Manifest, "name" | "version" | "digest" | "size_bytes" | "created_at">;

/** A version's manifest: what it is, what its publisher said, and what the file and its trial run told. */
export function makeManifest(identity: Identity, draft: Draft, examined: Examined): Manifest {
  const { facts, inputs, outputs, peakMemoryBytes } = examined;
  return {
    schema: 1,
    ...identity,
    ...withoutUndefined(draft),
    task: draft.task ?? guessTask(outputs),
    inputs: inputs.map(copySpec),
    outputs: outputs.map(copySpec),
    features: draft.features ?? [],
    classes: draft.classes ?? [],
    metrics: draft.metrics ?? {},
    tags: draft.tags ?? {},
    onnx: describeFile(facts),
    peak_memory_bytes: peakMemoryBytes,
  };
}

const withoutUndefined = (draft: Draft): Partial<Manifest> =>
  Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));

const copySpec = ({ name, datatype, shape }: TensorSpec) => ({ name, datatype, shape: [...shape] });

function describeFile({ irVersion, opsets, producer, metadata }: OnnxFacts): Manifest["onnx"] {
  const words = [producer.name, producer.version].filter((word) => word !== "");
  return {
    ir_version: irVersion,
    opsets: Object.fromEntries(opsets.map(({ domain, version }) => [domain || "ai.onnx", version])),
    ...(words.length === 0 ? {} : { producer: words.join(" ") }),
    ...(metadata.size === 0 ? {} : { metadata: Object.fromEntries(metadata) }),
  };
}

/** By the names that converters of scikit-learn, XGBoost and LightGBM give to what classifiers answer. */
function guessTask(outputs: readonly TensorSpec[]): Manifest["task"] {
  const names = outputs.map(({ name }) => name.toLowerCase());
  const isClassifier = names.some((name) => /^(output_)?(label|probabilit)/.test(name));
  return isClassifier ? "classification" : "other";
}
