import { GraphDraft, type GraphOutline, type NodeOutline } from "./graph-outline.ts";
import { readSparseTensor, readTensor, type TensorOutline } from "./read-tensor.ts";
import { readValue } from "./read-value.ts";
import { invalid } from "./refusal.ts";
import type { WireMessage } from "./wire-message.ts";

/** Fields of GraphProto. */
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;

/** Fields of NodeProto. */
const NODE = { input: 1, output: 2, operator: 4, attribute: 5, domain: 7, overload: 8 } as const;

/** Fields of AttributeProto. */
const ATTRIBUTE = {
  name: 1,
  int: 3,
  tensor: 5,
  graph: 6,
  tensors: 10,
  graphs: 11,
  type: 20,
  reference: 21,
  sparseTensor: 22,
  sparseTensors: 23,
} as const;

/** Of AttributeProto.AttributeType. */
const TYPE = { int: 2, tensor: 4 } as const;

/** Reads a GraphProto with all graphs inside it. @throws Refusal */
export function readGraph(message: WireMessage): GraphOutline {
  const graph = new GraphDraft();
  message.each((field) => {
    if (field === GRAPH.node) graph.addNode(readNode(message.message()));
    else if (field === GRAPH.initializer) graph.addInitializer(readTensor(message.message()));
    else if (field === GRAPH.sparseInitializer) {
      graph.addInitializer(readSparseTensor(message.message()));
    } else if (field === GRAPH.input) graph.inputs.push(readValue(message.message()));
    else if (field === GRAPH.output) graph.outputs.push(readValue(message.message()));
  });
  return graph.finish();
}

/** Reads a NodeProto. @throws Refusal */
export function readNode(message: WireMessage): NodeOutline {
  const node = { operator: "", domain: "", overload: "" };
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: AttributeOutline[] = [];
  message.each((field) => {
    if (field === NODE.input) inputs.push(message.text());
    else if (field === NODE.output) outputs.push(message.text());
    else if (field === NODE.operator) node.operator = message.text();
    else if (field === NODE.domain) node.domain = message.text();
    else if (field === NODE.overload) node.overload = message.text();
    else if (field === NODE.attribute) attributes.push(readAttribute(message.message()));
  });
  const domain = node.domain === "ai.onnx" ? "" : node.domain;
  const isConstant = domain === "" && node.operator === "Constant" && attributes.length === 1;
  return {
    ...node,
    domain,
    inputs,
    outputs,
    subgraphs: attributes.flatMap(({ graphs }) => graphs),
    borrowsAttribute: attributes.some(({ isReference }) => isReference),
    tensorBytes: attributes.reduce((sum, { tensorBytes }) => sum + tensorBytes, 0),
    constant: isConstant ? attributes[0]?.constant : undefined,
  };
}

interface AttributeOutline {
  readonly graphs: readonly GraphOutline[];
  /** Whether its value is the caller's, by name. */
  readonly isReference: boolean;
  readonly tensorBytes: number;
  /** What a Constant with this attribute gives, when it is a single int64. */
  readonly constant: bigint | undefined;
}

function readAttribute(message: WireMessage): AttributeOutline {
  const graphs: GraphOutline[] = [];
  const tensors: TensorOutline[] = [];
  const draft = { name: "", type: 0, isReference: false, int: 0n, single: 0 };
  message.each((field) => {
    if (field === ATTRIBUTE.name) draft.name = message.text();
    else if (field === ATTRIBUTE.type) draft.type = message.int32();
    else if (field === ATTRIBUTE.int) draft.int = message.int64();
    else if (field === ATTRIBUTE.reference) draft.isReference = message.bytes().length > 0;
    else if (field === ATTRIBUTE.graph || field === ATTRIBUTE.graphs) {
      graphs.push(readGraph(message.message()));
    } else if (field === ATTRIBUTE.tensor || field === ATTRIBUTE.tensors) {
      tensors.push(readTensor(message.message()));
    } else if (field === ATTRIBUTE.sparseTensor || field === ATTRIBUTE.sparseTensors) {
      tensors.push(readSparseTensor(message.message()));
    }
    // Parsers merge two of these into one; no exporter writes that.
    if (field === ATTRIBUTE.graph || field === ATTRIBUTE.tensor) draft.single += 1;
  });
  if (draft.single > 1) throw invalid("an attribute is given two values");
  return {
    graphs,
    isReference: draft.isReference,
    tensorBytes: tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    constant: draft.isReference ? undefined : constantOf(draft, tensors),
  };
}

function constantOf(
  { name, type, int }: { readonly name: string; readonly type: number; readonly int: bigint },
  tensors: readonly TensorOutline[],
): bigint | undefined {
  if (name === "value_int" && type === TYPE.int) return int;
  return name === "value" && type === TYPE.tensor ? tensors[0]?.scalar : undefined;
}
