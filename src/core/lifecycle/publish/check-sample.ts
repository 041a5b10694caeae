import { halfToNumber } from "../../model/half.ts";
import { readJsonTensor } from "../../model/json-tensor.ts";
import type { Manifest } from "../../model/manifest.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { elementCount, type Tensor } from "../../model/tensor.ts";
import type { EngineSession } from "../../ports/engine.ts";
import { checkInputs } from "../../predict/check-inputs.ts";
import { chooseOutputs } from "../../predict/choose-outputs.ts";
import type { RegistryFailure } from "../registry-failure.ts";

type Sample = NonNullable<Manifest["sample"]>;
type SampleTensor = Sample["inputs"][number];

/** How far a number may be from the sample's, absolutely or in proportion, whichever is more. */
const TOLERANCE = 1e-4;

/**
 * Runs a manifest's sample and compares what it expects: numbers within 1e-4 (absolute or
 * relative), everything else exactly. No sample, nothing to compare.
 */
export async function checkSample(
  session: EngineSession,
  sample: Sample | undefined,
): Promise<Result<undefined, RegistryFailure>> {
  if (sample === undefined) return ok(undefined);
  const given = readTensors("sample.inputs", sample.inputs);
  if (!given.ok) return given;
  const inputs = checkInputs(session.inputs, given.value);
  if (!inputs.ok) return mismatch(`sample.inputs: ${inputs.failure.detail}`);
  const expected = readTensors("sample.outputs", sample.outputs ?? []);
  if (!expected.ok) return expected;
  const names = chooseOutputs(
    session.outputs,
    expected.value.map(({ name }) => name),
  );
  if (!names.ok) return mismatch(`sample.outputs: ${names.failure.detail}`);
  const ran = await session.run(inputs.value, names.value);
  if (!ran.ok) return mismatch(`the sample cannot be run: ${ran.failure.detail}`);
  for (const [index, tensor] of expected.value.entries()) {
    const difference = differenceOf(tensor, ran.value[index]);
    if (difference !== undefined) return mismatch(`output '${tensor.name}': ${difference}`);
  }
  return ok(undefined);
}

function readTensors(
  path: string,
  samples: readonly SampleTensor[],
): Result<readonly Tensor[], RegistryFailure> {
  const tensors: Tensor[] = [];
  for (const [index, { name, datatype, shape, data }] of samples.entries()) {
    const at = `${path}[${index}]`;
    const count = elementCount(shape);
    if (count === undefined) {
      return fail({
        reason: "invalid_request",
        detail: `manifest.${at}.shape has an open dimension`,
      });
    }
    const tensor = readJsonTensor({ name, datatype, shape, count, path: at }, data);
    if (!tensor.ok)
      return fail({ reason: "invalid_request", detail: `manifest.${tensor.failure.detail}` });
    tensors.push(tensor.value);
  }
  return ok(tensors);
}

function differenceOf(expected: Tensor, actual: Tensor | undefined): string | undefined {
  if (actual === undefined) return "is not computed";
  if (actual.datatype !== expected.datatype) {
    return `is ${actual.datatype}, the sample says ${expected.datatype}`;
  }
  if (actual.shape.join() !== expected.shape.join()) {
    return `has shape [${actual.shape.join(", ")}], the sample says [${expected.shape.join(", ")}]`;
  }
  for (let index = 0; index < expected.data.length; index += 1) {
    const [is, wanted] = [elementOf(actual, index), elementOf(expected, index)];
    if (!isSame(is, wanted)) return `element ${index} is ${is}, the sample says ${wanted}`;
  }
  return undefined;
}

const elementOf = ({ datatype, data }: Tensor, index: number): unknown =>
  datatype === "FP16" ? halfToNumber(data[index] ?? 0) : data[index];

function isSame(is: unknown, wanted: unknown): boolean {
  if (Object.is(is, wanted) || is === wanted) return true;
  if (typeof is !== "number" || typeof wanted !== "number") return false;
  // In proportion to infinity every number is near.
  if (!Number.isFinite(is) || !Number.isFinite(wanted)) return false;
  return Math.abs(is - wanted) <= TOLERANCE * Math.max(1, Math.abs(wanted));
}

const mismatch = (detail: string): Result<never, RegistryFailure> =>
  fail({ reason: "sample_mismatch", detail });
