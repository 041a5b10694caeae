import { elementSizeBytes } from "../../core/model/datatype.ts";
import { ELEMENT_VIEWS } from "../../core/model/element-views.ts";
import type { TensorHead } from "../../core/model/json-tensor.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { type Bytes, makeTensor, type Tensor } from "../../core/model/tensor.ts";
import { type OipProblem, problem } from "./problem.ts";

/**
 * Reads a tensor from raw bytes as Triton's binary extension lays them: row-major,
 * little-endian (as every host of WebAssembly is), BYTES elements each after a
 * four-byte length. Aligned elements are viewed in place, others copied.
 */
export function readBinaryTensor(head: TensorHead, raw: Bytes): Result<Tensor, OipProblem> {
  const { name, datatype, shape, count, path } = head;
  if (datatype === "BYTES") return readStrings(head, raw);
  const width = elementSizeBytes(datatype) ?? 1;
  if (raw.byteLength !== count * width) {
    return problem(
      `${path} has ${raw.byteLength} bytes of data, the shape [${shape.join(", ")}] of ${datatype} needs ${count * width}`,
    );
  }
  const aligned = raw.byteOffset % width === 0 ? raw : raw.slice();
  const data = new ELEMENT_VIEWS[datatype](aligned.buffer, aligned.byteOffset, count);
  if (datatype === "BOOL") {
    const bad = (data as Uint8Array).findIndex((byte) => byte > 1);
    if (bad >= 0) return problem(`${path} element ${bad} must be 0 or 1: its datatype is BOOL`);
  }
  return ok(makeTensor(name, datatype, shape, data));
}

const LENGTH_BYTES = 4;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readStrings(head: TensorHead, raw: Bytes): Result<Tensor, OipProblem> {
  const { name, shape, count, path } = head;
  if (count * LENGTH_BYTES > raw.byteLength) {
    return problem(
      `${path} has ${raw.byteLength} bytes of data, too few for ${count} BYTES elements`,
    );
  }
  const strings = splitStrings(raw, count);
  if (strings.length !== count || strings.endsAt !== raw.byteLength) {
    return problem(
      `${path}: its BYTES elements do not fill its ${raw.byteLength} bytes: each is a four-byte little-endian length, then that many bytes; element ${strings.length} is where it goes wrong`,
    );
  }
  const bad = strings.texts.findIndex((text) => text === undefined || text.includes("\0"));
  if (bad >= 0) {
    return problem(
      `${path} element ${bad} must be UTF-8 without U+0000: the engine's strings are that`,
    );
  }
  return ok(makeTensor(name, "BYTES", shape, strings.texts as readonly string[]));
}

interface Strings {
  /** `undefined` where the bytes are not UTF-8. */
  readonly texts: readonly (string | undefined)[];
  readonly length: number;
  readonly endsAt: number;
}

/** Takes up to `count` elements, as far as they lie within the bytes. */
function splitStrings(raw: Bytes, count: number): Strings {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const texts: (string | undefined)[] = [];
  let offset = 0;
  while (texts.length < count && offset + LENGTH_BYTES <= raw.byteLength) {
    const end = offset + LENGTH_BYTES + view.getUint32(offset, true);
    if (end > raw.byteLength) break;
    texts.push(decodeOrNothing(raw.subarray(offset + LENGTH_BYTES, end)));
    offset = end;
  }
  return { texts, length: texts.length, endsAt: offset };
}

function decodeOrNothing(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const encoder = new TextEncoder();

/** Writes a tensor's elements as the binary extension lays them. Numbers are viewed, not copied. */
export function writeBinaryTensor(tensor: Tensor): Uint8Array {
  if (tensor.datatype !== "BYTES") {
    const { buffer, byteOffset, byteLength } = tensor.data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  const texts = tensor.data.map((text) => encoder.encode(text));
  const whole = new Uint8Array(
    texts.reduce((sum, text) => sum + LENGTH_BYTES + text.byteLength, 0),
  );
  const view = new DataView(whole.buffer);
  let offset = 0;
  for (const text of texts) {
    view.setUint32(offset, text.byteLength, true);
    whole.set(text, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + text.byteLength;
  }
  return whole;
}
