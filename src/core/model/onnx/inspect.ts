import { fail, ok, type Result } from "../result.ts";
import { callerInputs, checkInterface } from "./interface.ts";
import { recognizeForeignFile } from "./not-onnx.ts";
import { checkOperators, countOperators, type OperatorCount } from "./operators.ts";
import { allGraphs, type OpsetImport, readModel } from "./read-model.ts";
import type { OnnxValue } from "./read-value.ts";
import { invalid, Refusal } from "./refusal.ts";
import { WireMessage } from "./wire-message.ts";
import { checkWork } from "./work.ts";

/** What an ONNX file says of itself. */
export interface OnnxFacts {
  readonly irVersion: number;
  readonly producer: { readonly name: string; readonly version: string };
  readonly opsets: readonly OpsetImport[];
  /** `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What a caller gives and gets. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly operators: readonly OperatorCount[];
  readonly nodeCount: number;
  /** Bytes of constant tensors: initializers, and those in nodes. */
  readonly tensorBytes: number;
}

export interface OnnxRefusal {
  readonly reason: "invalid_model" | "unsupported_model";
  /** For people; says what would be taken. */
  readonly detail: string;
}

/**
 * Reads what a file says of itself, and refuses what must not reach the engine: what is no
 * ONNX model, weights in other files, tensors that lie about their size, operators and
 * formats the engine does not have, inputs and outputs that are no tensors, and loops
 * without a known end. What passes can still be refused by the engine.
 *
 * Total: any bytes give a result, in time linear in their number. Holds names and counts,
 * never weights.
 */
export function inspectOnnx(bytes: Uint8Array): Result<OnnxFacts, OnnxRefusal> {
  try {
    return ok(inspect(bytes));
  } catch (error) {
    if (error instanceof Refusal && error.reason === "unsupported_model") return refusal(error);
    const foreign = recognizeForeignFile(bytes);
    if (foreign !== undefined) return refusal(invalid(`not an ONNX model: the file is ${foreign}`));
    if (error instanceof Refusal) return refusal(error);
    // What the reader throws over bytes that are no protobuf.
    return refusal(invalid("not an ONNX model, or one that is cut off or damaged"));
  }
}

const refusal = ({ reason, message }: Refusal): Result<never, OnnxRefusal> =>
  fail({ reason, detail: message });

function inspect(bytes: Uint8Array): OnnxFacts {
  const model = readModel(WireMessage.of(bytes));
  if (model.opsets.length === 0) throw invalid("the model imports no operator set");
  const operators = countOperators(model);
  checkOperators(model, operators);
  checkInterface(model.graph);
  checkWork(model);
  return {
    irVersion: model.irVersion,
    producer: model.producer,
    opsets: model.opsets,
    metadata: model.metadata,
    inputs: callerInputs(model.graph),
    outputs: model.graph.outputs,
    operators,
    nodeCount: operators.reduce((sum, { count }) => sum + count, 0),
    tensorBytes: [...allGraphs(model)].reduce((sum, { tensorBytes }) => sum + tensorBytes, 0),
  };
}
