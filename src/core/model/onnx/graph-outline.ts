import type { TensorOutline } from "./read-tensor.ts";
import type { OnnxValue } from "./read-value.ts";

/** The bare structure of a graph: enough to judge it, without its weights. */
export interface GraphOutline {
  readonly nodes: readonly NodeOutline[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Names of the constant tensors that the graph lists. */
  readonly initializers: ReadonlySet<string>;
  /** Bytes of constant tensors here, those in attributes of nodes included. */
  readonly tensorBytes: number;
  /** Whole numbers that the file fixes, by name. */
  readonly constants: ReadonlyMap<string, bigint>;
  /** Names of values that only a run knows, or that are no whole number. */
  readonly computed: ReadonlySet<string>;
}

export interface NodeOutline {
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly operator: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly subgraphs: readonly GraphOutline[];
  /** Whether it stands in a function and takes an attribute from the function's caller. */
  readonly borrowsAttribute: boolean;
  readonly tensorBytes: number;
  /** The value, when the node is a Constant of a single int64. */
  readonly constant: bigint | undefined;
}

/** Gathers a graph, or the body of a function, while it is read. */
export class GraphDraft implements GraphOutline {
  readonly nodes: NodeOutline[] = [];
  readonly inputs: OnnxValue[] = [];
  readonly outputs: OnnxValue[] = [];
  readonly initializers = new Set<string>();
  readonly constants = new Map<string, bigint>();
  readonly computed = new Set<string>();
  tensorBytes = 0;

  addNode(node: NodeOutline): void {
    this.nodes.push(node);
    this.tensorBytes += node.tensorBytes;
    for (const output of node.outputs) {
      if (node.constant === undefined) this.computed.add(output);
      else this.#addConstant(output, node.constant);
    }
  }

  addInitializer({ name, sizeBytes, scalar }: TensorOutline): void {
    this.initializers.add(name);
    this.tensorBytes += sizeBytes;
    // It hides a constant of its name in a graph around this one, and one that the file gave before.
    if (scalar === undefined) this.computed.add(name);
    else this.#addConstant(name, scalar);
  }

  /** Call after the last part: an input may come before the initializer of its name. */
  finish(): GraphOutline {
    for (const { name } of this.inputs) {
      // Files before IR version 4 list initializers as inputs, too; nothing is fed to those.
      if (!this.initializers.has(name)) this.computed.add(name);
    }
    return this;
  }

  /** A name that is given twice is no constant: which of the two the engine takes is its own affair. */
  #addConstant(name: string, value: bigint): void {
    if (this.constants.has(name)) this.computed.add(name);
    this.constants.set(name, value);
  }
}
