import { WireType } from "@bufbuild/protobuf/wire";
import { elementCount } from "../tensor.ts";
import { DATA_FIELDS, type ElementType, elementTypeOf } from "./element-type.ts";
import { invalid, quote, unsupported } from "./refusal.ts";
import { countNumbers, decodeInt64s, type WireMessage } from "./wire-message.ts";

/** What is known of a constant tensor without holding its elements. */
export interface TensorOutline {
  readonly name: string;
  readonly sizeBytes: number;
  /** The value, when it is a single int64. */
  readonly scalar?: bigint;
}

/** Fields of TensorProto. */
const FIELD = {
  dims: 1,
  dataType: 2,
  segment: 3,
  name: 8,
  rawData: 9,
  dataLocation: 14,
} as const;

const EXTERNAL = 1;
const INT64 = 7;

interface Draft {
  name: string;
  readonly dims: number[];
  code: number;
  raw: Uint8Array | undefined;
  /** Numbers or texts seen per typed field. */
  readonly counts: Map<number, number>;
  textBytes: number;
  /** The last occurrence of `int64_data`, still encoded. */
  int64s: Uint8Array | undefined;
  external: boolean;
}

/**
 * Reads a TensorProto and holds its elements against its dimensions.
 * @throws Refusal for data outside of the file, and for dimensions that do not fit the data:
 * the engine trusts them when it reserves memory
 */
export function readTensor(message: WireMessage): TensorOutline {
  const draft = readDraft(message);
  const { name, code } = draft;
  if (draft.external) {
    throw unsupported(
      `tensor ${quote(name)} keeps its data in another file; save the model with its weights inside`,
    );
  }
  const type = elementTypeOf(code);
  if (type === undefined) throw invalid(`tensor ${quote(name)} has no known element type`);
  const count = elementCount(draft.dims);
  if (count === undefined || !holds(draft, type, count)) {
    throw invalid(
      `tensor ${quote(name)} says it is ${type.name} [${draft.dims.join(", ")}], which is not what its data hold`,
    );
  }
  const sizeBytes = type.bits === undefined ? draft.textBytes : Math.ceil((count * type.bits) / 8);
  const scalar = code === INT64 && count === 1 ? scalarOf(draft) : undefined;
  return scalar === undefined ? { name, sizeBytes } : { name, sizeBytes, scalar };
}

/**
 * Reads a SparseTensorProto; the engine makes it dense when it loads.
 * @returns the size of the dense tensor
 */
export function readSparseTensor(message: WireMessage): TensorOutline {
  const dims: number[] = [];
  let values: TensorOutline | undefined;
  message.each((field) => {
    if (field === 1) {
      // Parsers merge two of these into one; no exporter writes that.
      if (values !== undefined) throw invalid("a sparse tensor is given its values twice");
      values = readTensor(message.message());
    } else if (field === 2) readTensor(message.message());
    else if (field === 3) addDimensions(message, dims);
  });
  const { name, sizeBytes } = values ?? { name: "", sizeBytes: 0 };
  const count = elementCount(dims);
  if (count === undefined) throw invalid(`sparse tensor ${quote(name)} has no real shape`);
  return { name, sizeBytes: Math.max(count, sizeBytes) };
}

function readDraft(message: WireMessage): Draft {
  const draft: Draft = {
    name: "",
    dims: [],
    code: 0,
    raw: undefined,
    counts: new Map(),
    textBytes: 0,
    int64s: undefined,
    external: false,
  };
  message.each((field) => {
    if (field === FIELD.dims) addDimensions(message, draft.dims);
    else if (field === FIELD.dataType) draft.code = message.int32();
    else if (field === FIELD.name) draft.name = message.text();
    else if (field === FIELD.rawData) draft.raw = message.bytes();
    else if (field === FIELD.dataLocation) {
      // Not taken back by a later one: parsers drop a place that they do not know.
      draft.external ||= message.int32() === EXTERNAL;
    } else if (field === FIELD.segment) throw unsupported("a tensor is split into segments");
    else readElements(message, field, draft);
  });
  return draft;
}

/** NumPy's own limit. Each dimension becomes an object here: a file is not to make millions. */
const MAX_RANK = 64;

function addDimensions(message: WireMessage, dims: number[]): void {
  const encoded = message.encodedNumbers(WireType.Varint);
  if (dims.length + countNumbers(encoded, WireType.Varint) > MAX_RANK) {
    throw invalid(`a tensor has over ${MAX_RANK} dimensions`);
  }
  for (const dimension of decodeInt64s(encoded)) dims.push(Number(dimension));
}

function readElements(message: WireMessage, field: number, draft: Draft): void {
  const data = Object.values(DATA_FIELDS).find(({ number }) => number === field);
  if (data === undefined) return;
  const { kind } = data;
  let count = 1;
  if (kind === "text") {
    draft.textBytes += message.bytes().length;
  } else {
    const encoded = message.encodedNumbers(kind);
    if (data === DATA_FIELDS.int64_data) draft.int64s = encoded;
    count = countNumbers(encoded, kind);
  }
  draft.counts.set(field, (draft.counts.get(field) ?? 0) + count);
}

function holds({ raw, counts }: Draft, { bits, field, perElement }: ElementType, count: number) {
  if (raw !== undefined) return bits !== undefined && raw.length === Math.ceil((count * bits) / 8);
  const held = counts.get(DATA_FIELDS[field].number) ?? 0;
  return held === Math.ceil(count * (perElement ?? 1));
}

/** The single int64 of a tensor that was found to hold one. */
function scalarOf({ raw, int64s }: Draft): bigint | undefined {
  if (raw === undefined) return int64s === undefined ? undefined : decodeInt64s(int64s)[0];
  return new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getBigInt64(0, true);
}
