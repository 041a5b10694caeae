import { GraphDraft, type GraphOutline } from "./graph-outline.ts";
import { readGraph, readNode } from "./read-graph.ts";
import { invalid } from "./refusal.ts";
import type { WireMessage } from "./wire-message.ts";

/** The bare structure of a model. */
export interface ModelOutline {
  readonly irVersion: number;
  readonly producer: { readonly name: string; readonly version: string };
  /** Imports of the model and of its functions. */
  readonly opsets: readonly OpsetImport[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: GraphOutline;
  /** By `functionKey`. */
  readonly functions: ReadonlyMap<string, GraphOutline>;
}

export interface OpsetImport {
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly version: number;
}

/** What a node's domain, operator and overload call. */
export const functionKey = (call: {
  readonly domain: string;
  readonly operator: string;
  readonly overload: string;
}): string => JSON.stringify([call.domain, call.operator, call.overload]);

/** Every graph of a model: its own, the bodies of functions, and those inside nodes. */
export function* allGraphs(model: ModelOutline): Generator<GraphOutline> {
  yield* graphsIn(model.graph);
  for (const body of model.functions.values()) yield* graphsIn(body);
}

function* graphsIn(graph: GraphOutline): Generator<GraphOutline> {
  yield graph;
  for (const { subgraphs } of graph.nodes) {
    for (const subgraph of subgraphs) yield* graphsIn(subgraph);
  }
}

/** Fields of ModelProto. */
const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  graph: 7,
  opsetImport: 8,
  metadata: 14,
  functions: 25,
} as const;

/** Fields of FunctionProto. */
const FUNCTION = { name: 1, input: 4, node: 7, opsetImport: 9, domain: 10, overload: 13 } as const;

/**
 * Reads a ModelProto. `training_info` is skipped: nothing of it runs.
 * Source: onnx.proto of onnx 1.20 (github.com/onnx/onnx), as are the field numbers in this folder.
 * @throws Refusal, or Error when the bytes are not well-formed
 */
export function readModel(message: WireMessage): ModelOutline {
  const facts = { irVersion: 0, name: "", version: "" };
  const opsets: OpsetImport[] = [];
  const metadata = new Map<string, string>();
  const graphs: GraphOutline[] = [];
  const functions = new Map<string, GraphOutline>();
  message.each((field) => {
    if (field === MODEL.irVersion) facts.irVersion = Number(message.int64());
    else if (field === MODEL.producerName) facts.name = message.text();
    else if (field === MODEL.producerVersion) facts.version = message.text();
    else if (field === MODEL.graph) graphs.push(readGraph(message.message()));
    else if (field === MODEL.opsetImport) opsets.push(readOpset(message.message()));
    else if (field === MODEL.metadata) readEntry(message.message(), metadata);
    else if (field === MODEL.functions) readFunction(message.message(), functions, opsets);
  });
  const [graph, second] = graphs;
  if (graph === undefined) throw invalid("the file has no graph");
  if (second !== undefined) throw invalid("the file has two graphs");
  return {
    irVersion: facts.irVersion,
    producer: { name: facts.name, version: facts.version },
    opsets,
    metadata,
    graph,
    functions,
  };
}

function readOpset(message: WireMessage): OpsetImport {
  let domain = "";
  let version = 0;
  message.each((field) => {
    if (field === 1) domain = message.text();
    else if (field === 2) version = Number(message.int64());
  });
  return { domain: domain === "ai.onnx" ? "" : domain, version };
}

function readEntry(message: WireMessage, entries: Map<string, string>): void {
  let key = "";
  let value = "";
  message.each((field) => {
    if (field === 1) key = message.text();
    else if (field === 2) value = message.text();
  });
  entries.set(key, value);
}

function readFunction(
  message: WireMessage,
  functions: Map<string, GraphOutline>,
  opsets: OpsetImport[],
): void {
  // A body sees its own constants only: its inputs and attributes are the caller's.
  const body = new GraphDraft();
  const call = { domain: "", operator: "", overload: "" };
  message.each((field) => {
    if (field === FUNCTION.name) call.operator = message.text();
    else if (field === FUNCTION.domain) call.domain = message.text();
    else if (field === FUNCTION.overload) call.overload = message.text();
    else if (field === FUNCTION.input) body.computed.add(message.text());
    else if (field === FUNCTION.opsetImport) opsets.push(readOpset(message.message()));
    else if (field === FUNCTION.node) body.addNode(readNode(message.message()));
  });
  const domain = call.domain === "ai.onnx" ? "" : call.domain;
  const key = functionKey({ ...call, domain });
  if (functions.has(key)) throw invalid("the file has two functions of one name");
  functions.set(key, body.finish());
}
