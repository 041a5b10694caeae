import type { ServeFailure } from "../model/failure.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { TensorSpec } from "../model/tensor.ts";

/** The names to compute: those asked for, in that order, or every output of the model. */
export function chooseOutputs(
  specs: readonly TensorSpec[],
  wanted: readonly string[] | undefined,
): Result<readonly string[], ServeFailure> {
  if (wanted === undefined || wanted.length === 0) return ok(specs.map(({ name }) => name));
  const unknown = wanted.find((name) => !specs.some((spec) => spec.name === name));
  if (unknown === undefined) return ok(wanted);
  return fail({
    reason: "invalid_input",
    detail: `output '${unknown}' is not one of the model's: it gives ${specs.map(({ name }) => `'${name}'`).join(", ")}`,
  });
}
