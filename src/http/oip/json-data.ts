import { halfToNumber } from "../../core/model/half.ts";
import type { Tensor } from "../../core/model/tensor.ts";

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
