import { halfToNumber } from "./half.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Writes a tensor's elements as a flat JSON array. Numbers keep their exact value
 * (64-bit integers are written out in full, -0 as -0); NaN and the infinities,
 * which JSON has not, are the strings "NaN", "Infinity" and "-Infinity".
 */
export function writeJsonData(tensor: Tensor): string {
  switch (tensor.datatype) {
    case "BYTES":
      return JSON.stringify(tensor.data);
    case "BOOL":
      return join(tensor.data, (byte) => (byte === 0 ? "false" : "true"));
    case "FP16":
      return join(tensor.data, (bits) => writeFloat(halfToNumber(bits)));
    case "FP32":
    case "FP64":
      return join(tensor.data, writeFloat);
    case "INT64":
    case "UINT64":
      return join(tensor.data, String);
    default:
      return join(tensor.data, String);
  }
}

/** Writes tensors as the protocol's JSON has them, one after the other. */
export const writeJsonTensors = (tensors: readonly Tensor[]): string =>
  tensors.map((tensor) => writeJsonTensor(tensor, `"data":${writeJsonData(tensor)}`)).join(",");

/** Writes a tensor around what stands for its data. */
export const writeJsonTensor = ({ name, datatype, shape }: Tensor, data: string): string =>
  `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(",")}],${data}}`;

function join<T>(data: ArrayLike<T>, write: (element: T) => string): string {
  let text = "[";
  for (let index = 0; index < data.length; index += 1) {
    if (index > 0) text += ",";
    text += write(data[index] as T);
  }
  return `${text}]`;
}

function writeFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
