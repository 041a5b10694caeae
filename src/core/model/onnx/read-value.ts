import type { Datatype } from "../datatype.ts";
import { elementTypeOf } from "./element-type.ts";
import { invalid } from "./refusal.ts";
import type { WireMessage } from "./wire-message.ts";

/** What kind of thing a value is; `unknown` when the file does not say. */
export type ValueKind =
  | "tensor"
  | "sparse_tensor"
  | "sequence"
  | "map"
  | "optional"
  | "opaque"
  | "unknown";

/** An input or output of a graph, as the file declares it. */
export interface OnnxValue {
  readonly name: string;
  readonly kind: ValueKind;
  /** Of a tensor: ONNX's word for its elements, such as `float`. */
  readonly elementType?: string;
  /** The same in the protocol's words; left out when it has none that the engine takes. */
  readonly datatype?: Datatype;
  /** Of a tensor whose rank the file says. */
  readonly shape?: Shape;
}

/** A size, a name for an open size, or null for an open size without a name. */
export type Dimension = number | string | null;

type Shape = readonly Dimension[];

/** Fields of TypeProto. */
const KINDS: Readonly<Record<number, ValueKind>> = {
  1: "tensor",
  4: "sequence",
  5: "map",
  7: "opaque",
  8: "sparse_tensor",
  9: "optional",
};

type Type = Omit<OnnxValue, "name">;

/** Reads a ValueInfoProto. @throws Refusal */
export function readValue(message: WireMessage): OnnxValue {
  let name = "";
  let type: Type = { kind: "unknown" };
  message.each((field) => {
    if (field === 1) name = message.text();
    else if (field === 2) type = readType(message.message());
  });
  return { name, ...type };
}

function readType(message: WireMessage): Type {
  let type: Type = { kind: "unknown" };
  message.each((field) => {
    const kind = KINDS[field];
    if (kind === undefined) return;
    // Parsers merge or replace here; a file that needs to know which is not one to serve.
    if (type.kind !== "unknown") throw invalid("a value is given two types");
    type = kind === "tensor" ? readTensorType(message.message()) : { kind };
  });
  return type;
}

function readTensorType(message: WireMessage): Type {
  let code = 0;
  const shapes: Shape[] = [];
  message.each((field) => {
    if (field === 1) code = message.int32();
    else if (field === 2) shapes.push(readShape(message.message()));
  });
  const [shape, second] = shapes;
  if (second !== undefined) throw invalid("a value is given two shapes");
  const element = elementTypeOf(code);
  return {
    kind: "tensor",
    elementType: element?.name ?? `type ${code}`,
    ...(element?.datatype === undefined ? {} : { datatype: element.datatype }),
    ...(shape === undefined ? {} : { shape }),
  };
}

function readShape(message: WireMessage): Shape {
  const shape: Dimension[] = [];
  message.each((field) => {
    if (field === 1) shape.push(readDimension(message.message()));
  });
  return shape;
}

function readDimension(message: WireMessage): Dimension {
  let size = -1;
  let name = "";
  message.each((field) => {
    if (field === 1) size = Number(message.int64());
    else if (field === 2) name = message.text();
  });
  // Some exporters write -1 or an empty name for a dimension that is open.
  if (size >= 0) return size;
  return name === "" ? null : name;
}
