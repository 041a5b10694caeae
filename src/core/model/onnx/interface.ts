import type { GraphOutline } from "./graph-outline.ts";
import type { OnnxValue } from "./read-value.ts";
import { invalid, quote, unsupported } from "./refusal.ts";

/** What a caller gives: the graph's inputs without those that the file itself fills. */
export const callerInputs = ({ inputs, initializers }: GraphOutline): readonly OnnxValue[] =>
  inputs.filter(({ name }) => !initializers.has(name));

/**
 * Refuses inputs and outputs that the protocol cannot carry.
 * @throws Refusal that says how to export the model instead
 */
export function checkInterface(graph: GraphOutline): void {
  if (graph.outputs.length === 0) throw invalid("the graph has no outputs");
  checkNames("output", graph.outputs);
  const inputs = callerInputs(graph);
  checkNames("input", inputs);
  for (const input of inputs) {
    checkTensor("input", input);
    if (input.shape === undefined) {
      throw unsupported(
        `input ${quote(input.name)} does not say its shape; export it with one, dimensions may be open`,
      );
    }
  }
  for (const output of graph.outputs) checkTensor("output", output);
}

function checkNames(role: string, values: readonly OnnxValue[]): void {
  const names = new Set<string>();
  for (const { name } of values) {
    if (name === "" || name.includes("\0")) throw invalid(`an ${role} has no usable name`);
    if (names.has(name)) throw invalid(`two ${role}s are called ${quote(name)}`);
    names.add(name);
  }
}

function checkTensor(role: "input" | "output", value: OnnxValue): void {
  const { name, kind, elementType, datatype } = value;
  if (kind === "tensor" && datatype === undefined) {
    throw unsupported(
      `${role} ${quote(name)} is of type ${elementType}, which has no place in the protocol; cast it in the graph, to float for example`,
    );
  }
  // The engine works out the type of an output that the file leaves open.
  if (kind === "tensor" || (kind === "unknown" && role === "output")) return;
  throw unsupported(`${role} ${quote(name)} is ${KIND_ADVICE[kind]}`);
}

const KIND_ADVICE = {
  sequence:
    "a sequence; export tensors only. Of scikit-learn classifiers convert with options={'zipmap': False}",
  map: "a map; export tensors only. Of scikit-learn classifiers convert with options={'zipmap': False}",
  optional: "optional; export it as a plain tensor",
  sparse_tensor: "a sparse tensor; export it dense",
  opaque: "of an opaque type; export tensors only",
  unknown: "of no type; export it with one",
  tensor: "a tensor",
} as const;
