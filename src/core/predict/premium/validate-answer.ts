import { batchOf, fitsShape } from "../../model/batch.ts";
import type { Datatype } from "../../model/datatype.ts";
import { ELEMENT_VIEWS } from "../../model/element-views.ts";
import { halfToNumber } from "../../model/half.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { elementCount, type Tensor, type TensorSpec } from "../../model/tensor.ts";
import { classBreach } from "./check-classes.ts";

/** What an answer has to be, to stand in for the fast model's. */
export interface AnswerRules {
  /** Of the fast model. */
  readonly inputSpecs: readonly TensorSpec[];
  /** Of the fast model. */
  readonly outputSpecs: readonly TensorSpec[];
  /** Names of the outputs that were asked for, in their order; empty means all. */
  readonly wanted: readonly string[];
  /** What was asked. */
  readonly inputs: readonly Tensor[];
  /** Of the fast model; empty when it has none, or they are not known. */
  readonly classes: readonly string[];
  /** A number for each class is a share: it comes from who was asked for shares. */
  readonly areShares: boolean;
  /** JSON Schema (2020-12) of `{output name: [elements, row-major]}`. */
  readonly schema: Readonly<Record<string, unknown>> | undefined;
}

/** One line for a log; it repeats no element. */
export interface AnswerFailure {
  readonly reason: "invalid_answer";
  readonly detail: string;
}

/**
 * Checks that tensors are an answer the fast model could have given: the wanted outputs and no
 * others, their datatypes, ranks and fixed dimensions; a row for each row asked, where both have
 * a first dimension of any size; floats that are finite; labels that are classes. Then the schema.
 * @returns the tensors in the order they were wanted in
 */
export async function validateAnswer(
  rules: AnswerRules,
  tensors: readonly Tensor[],
): Promise<Result<readonly Tensor[], AnswerFailure>> {
  const { outputSpecs, wanted, schema } = rules;
  const names = wanted.length === 0 ? outputSpecs.map(({ name }) => name) : wanted;
  const batch = batchOf(rules.inputs, rules.inputSpecs);
  const ordered: Tensor[] = [];
  for (const name of names) {
    const spec = outputSpecs.find((one) => one.name === name);
    const tensor = tensors.find((one) => one.name === name);
    if (spec === undefined || tensor === undefined) return invalid(`output '${name}' is missing`);
    const wrong = misfit(spec, tensor, batch);
    if (wrong !== undefined) return invalid(`output '${name}' ${wrong}`);
    ordered.push(tensor);
  }
  if (tensors.length !== ordered.length) return invalid("there are outputs that nobody asked for");
  const foreign = classBreach(ordered, rules.classes, rules.areShares);
  if (foreign !== undefined) return invalid(foreign);
  if (schema === undefined) return ok(ordered);
  // Loaded with the first schema: most deployments have none.
  const { breachOf } = await import("./answer-schema.ts");
  const breach = breachOf(schema, ordered);
  return breach === undefined ? ok(ordered) : invalid(breach);
}

const invalid = (detail: string): Result<never, AnswerFailure> =>
  fail({ reason: "invalid_answer", detail });

function misfit(spec: TensorSpec, tensor: Tensor, batch: number | undefined): string | undefined {
  const { datatype, shape } = tensor;
  if (datatype !== spec.datatype) return `is ${datatype} instead of ${spec.datatype}`;
  if (!fitsShape(spec, shape, undefined))
    return `has the shape [${shape.join(", ")}] instead of [${spec.shape.join(", ")}]`;
  if (spec.shape[0] === -1 && batch !== undefined && shape[0] !== batch) {
    return `has ${shape[0]} rows for ${batch} that were asked`;
  }
  if (!isOf(datatype, tensor.data) || tensor.data.length !== elementCount(shape)) {
    return `does not have the elements of ${datatype} [${shape.join(", ")}]`;
  }
  return isSound(tensor) ? undefined : "has an element that is no finite number";
}

const isOf = (datatype: Datatype, data: Tensor["data"]): boolean =>
  datatype === "BYTES"
    ? Array.isArray(data) && data.every((element) => typeof element === "string")
    : data instanceof ELEMENT_VIEWS[datatype];

function isSound({ datatype, data }: Tensor): boolean {
  switch (datatype) {
    case "FP16":
      return data.every((bits) => Number.isFinite(halfToNumber(bits)));
    case "FP32":
    case "FP64":
      return data.every(Number.isFinite);
    case "BOOL":
      return data.every((byte) => byte <= 1);
    default:
      return true;
  }
}
