import * as z from "zod/mini";
import { DATATYPES } from "./datatype.ts";
import { isModelName, isVersion } from "./reference.ts";

export const word = z.string().check(z.minLength(1));

const count = z.int().check(z.minimum(0));

export const texts = z.record(z.string(), z.string());

export const anything = z.record(z.string(), z.unknown());

export const tensorSpec = z.object({
  name: word,
  datatype: z.enum(DATATYPES),
  /** `-1` is a dynamic dimension. */
  shape: z.array(z.int().check(z.minimum(-1))),
});

/** JSON tensors of one request and its answer, as the infer route takes and gives them. */
const sampleTensor = z.extend(tensorSpec, { data: z.array(z.unknown()) });

export const task = z.enum(["classification", "regression", "embedding", "other"]);

/** Texts that a feature may be, in the order of their numbers. */
const categories = z.optional(z.array(z.string()).check(z.minLength(1)));

/**
 * What stands for a missing value in a row: nothing (`error`, the default), NaN, a number, or
 * the mean that `stats` tells.
 */
export const missing = z.optional(z.union([z.enum(["error", "nan", "mean"]), z.number()]));

export const feature = z.object({ name: word, dtype: word, stats: z.optional(anything) });

/** Before they had a meaning these fields could hold anything: such a version is served on without them. */
const storedFeatures = z.array(
  z.extend(feature, {
    categories: z.catch(categories, undefined),
    missing: z.catch(missing, undefined),
  }),
);

/** Class names in the order of the probability columns. */
const classes = z.array(z.string());

export const frameworkFields = { name: z.string(), version: z.optional(z.string()) };

export const trainingFields = {
  dataset: z.optional(z.string()),
  rows: z.optional(count),
  params: z.optional(anything),
  duration_ms: z.optional(z.number().check(z.minimum(0))),
  code_ref: z.optional(z.string()),
};

export const lineageFields = { parent_version: z.optional(z.string()) };

/** What only the publisher of a version can know. */
export const told = {
  created_by: z.optional(z.string()),
  framework: z.optional(z.object(frameworkFields)),
  sample: z.optional(
    z.object({ inputs: z.array(sampleTensor), outputs: z.optional(z.array(sampleTensor)) }),
  ),
  training: z.optional(z.object(trainingFields)),
  lineage: z.optional(z.object(lineageFields)),
  /** A DSSE envelope in a Sigstore bundle, as OpenSSF Model Signing writes it. */
  signature: z.optional(z.unknown()),
  description: z.optional(z.string()),
};

/**
 * `models/{name}/versions/{v}/manifest.json`: what is known of one version. It is
 * written after the bytes, never changed, and its presence makes the version exist.
 */
export const manifestSchema = z.object({
  schema: z.literal(1),
  name: z.string().check(z.refine(isModelName, "not a model name")),
  version: z
    .string()
    .check(z.refine(isVersion, "not a version: a whole number from 1, as a string")),
  /** SHA-256 of model.onnx, lower-case hex. */
  digest: z.string().check(z.regex(/^[0-9a-f]{64}$/, "not a lower-case hexadecimal SHA-256")),
  size_bytes: z.int().check(z.minimum(1)),
  created_at: z.iso.datetime(),
  ...told,
  task: z._default(task, "other"),
  inputs: z.optional(z.array(tensorSpec)),
  outputs: z.optional(z.array(tensorSpec)),
  features: z._default(storedFeatures, []),
  classes: z._default(classes, []),
  metrics: z._default(anything, {}),
  tags: z._default(texts, {}),
  /** What the file says of itself. */
  onnx: z.optional(
    z.object({
      ir_version: z.int(),
      opsets: z.record(z.string(), z.int()),
      producer: z.optional(z.string()),
      metadata: z.optional(texts),
    }),
  ),
  peak_memory_bytes: z.optional(count),
});

export type Manifest = z.output<typeof manifestSchema>;
