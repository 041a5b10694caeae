import { type Manifest, manifestSchema } from "../../src/core/model/manifest.ts";
import type { TensorSpec } from "../../src/core/model/tensor.ts";
import { planRows, type RowPlan } from "../../src/core/predict/rows/row-plan.ts";

/** A manifest as it is read back from a bucket, with what a test says of it. */
export const manifestOf = (changes: Readonly<Record<string, unknown>> = {}): Manifest =>
  manifestSchema.parse({
    schema: 1,
    name: "m",
    version: "1",
    digest: "0".repeat(64),
    size_bytes: 1,
    created_at: "2026-01-01T00:00:00Z",
    ...changes,
  });

export const spec = (
  name: string,
  shape: readonly number[],
  datatype: TensorSpec["datatype"] = "FP32",
): TensorSpec => ({ name, datatype, shape });

/** Features of a manifest by name, with what more is said of each. */
export const featuresOf = (
  ...given: readonly (string | Readonly<Record<string, unknown>>)[]
): readonly Readonly<Record<string, unknown>>[] =>
  given.map((one) => ({ dtype: "float32", ...(typeof one === "string" ? { name: one } : one) }));

/** A plan that must be possible. */
export function planOf(
  inputs: readonly TensorSpec[],
  features: readonly Readonly<Record<string, unknown>>[] = [],
): RowPlan {
  const planned = planRows(manifestOf({ features }), inputs);
  if (!planned.ok) throw new Error(planned.failure.detail);
  return planned.value;
}
