import { z } from "zod";
import { DATATYPES } from "./datatype.ts";
import { isModelName, isVersion } from "./reference.ts";

const tensorSpec = z.object({
  name: z.string().min(1),
  datatype: z.enum(DATATYPES),
  /** `-1` is a dynamic dimension. */
  shape: z.array(z.number().int().min(-1)),
});

const feature = z.object({
  name: z.string().min(1),
  dtype: z.string().min(1),
  stats: z.record(z.string(), z.unknown()).optional(),
});

/** JSON tensors of one request and its answer, as the infer route takes and gives them. */
const sampleTensor = tensorSpec.extend({ data: z.array(z.unknown()) });

/**
 * `models/{name}/versions/{v}/manifest.json`: what is known of one version. It is
 * written after the bytes, never changed, and its presence makes the version exist.
 */
export const manifestSchema = z.object({
  schema: z.literal(1),
  name: z.string().refine(isModelName, "not a model name"),
  version: z.string().refine(isVersion, "not a version: a whole number from 1, as a string"),
  /** SHA-256 of model.onnx, lower-case hex. */
  digest: z.string().regex(/^[0-9a-f]{64}$/, "not a lower-case hexadecimal SHA-256"),
  size_bytes: z.number().int().min(1),
  created_at: z.iso.datetime(),
  created_by: z.string().optional(),
  framework: z.object({ name: z.string(), version: z.string().optional() }).optional(),
  task: z.enum(["classification", "regression", "embedding", "other"]).default("other"),
  inputs: z.array(tensorSpec).optional(),
  outputs: z.array(tensorSpec).optional(),
  features: z.array(feature).default([]),
  /** Class names in the order of the probability columns. */
  classes: z.array(z.string()).default([]),
  sample: z
    .object({ inputs: z.array(sampleTensor), outputs: z.array(sampleTensor).optional() })
    .optional(),
  metrics: z.record(z.string(), z.unknown()).default({}),
  training: z
    .object({
      dataset: z.string().optional(),
      rows: z.number().int().min(0).optional(),
      params: z.record(z.string(), z.unknown()).optional(),
      duration_ms: z.number().min(0).optional(),
      code_ref: z.string().optional(),
    })
    .optional(),
  lineage: z.object({ parent_version: z.string().optional() }).optional(),
  /** A DSSE envelope in a Sigstore bundle, as OpenSSF Model Signing writes it. */
  signature: z.unknown().optional(),
  /** What the file says of itself. */
  onnx: z
    .object({
      ir_version: z.number().int(),
      opsets: z.record(z.string(), z.number().int()),
      producer: z.string().optional(),
      metadata: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  tags: z.record(z.string(), z.string()).default({}),
  description: z.string().optional(),
  peak_memory_bytes: z.number().int().min(0).optional(),
});

export type Manifest = z.output<typeof manifestSchema>;

/**
 * What a publisher may say of a version; the rest is found out. Strict: a misspelt field is
 * an error and not lost.
 */
export const draftSchema = manifestSchema
  .pick({
    created_by: true,
    framework: true,
    task: true,
    features: true,
    classes: true,
    sample: true,
    metrics: true,
    training: true,
    lineage: true,
    signature: true,
    tags: true,
    description: true,
  })
  .partial()
  .strict();

export type Draft = z.output<typeof draftSchema>;
