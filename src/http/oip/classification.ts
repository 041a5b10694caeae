import { halfToNumber } from "../../core/model/half.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { makeTensor, type Tensor } from "../../core/model/tensor.ts";
import { type OipProblem, problem } from "./problem.ts";

/**
 * Replaces a tensor by its `k` highest elements per row as `score:index[:label]`,
 * highest first, the lower index first among equals: BYTES of shape `[rows, k]`,
 * or `[k]` for a tensor of rank 0 or 1. Floats have six decimals, as Triton writes them.
 * Source: Triton, "Classification extension".
 */
export function classify(
  tensor: Tensor,
  k: number,
  labels: readonly string[],
): Result<Tensor, OipProblem> {
  const { name, datatype, shape } = tensor;
  if (datatype === "BYTES" || datatype === "BOOL") {
    return problem(`output '${name}' is ${datatype}: classification needs numbers`);
  }
  const scores = scoresOf(tensor);
  const rows = shape.length > 1 ? (shape[0] ?? 1) : 1;
  const width = rows === 0 ? 0 : scores.length / rows;
  const kept = Math.min(k, width);
  const write = datatype.startsWith("FP") ? writeFloat : String;
  const written: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    written.push(...topOfRow(scores, row * width, width, kept, labels, write));
  }
  return ok(makeTensor(name, "BYTES", shape.length > 1 ? [rows, kept] : [kept], written));
}

type Score = number | bigint;

function scoresOf(tensor: Tensor): readonly Score[] {
  if (tensor.datatype === "FP16") return Array.from(tensor.data, halfToNumber);
  return Array.from(tensor.data as ArrayLike<Score>);
}

function topOfRow(
  scores: readonly Score[],
  start: number,
  width: number,
  kept: number,
  labels: readonly string[],
  write: (score: Score) => string,
): readonly string[] {
  const indices = Array.from({ length: width }, (_, index) => index);
  indices.sort((a, b) => compare(scores[start + b], scores[start + a]) || a - b);
  return indices.slice(0, kept).map((index) => {
    const label = labels.length === width ? `:${labels[index]}` : "";
    return `${write(scores[start + index] ?? 0)}:${index}${label}`;
  });
}

/** NaN sorts below everything. */
function compare(a: Score = 0, b: Score = 0): number {
  const aIsNaN = Number.isNaN(a);
  if (aIsNaN || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(aIsNaN);
  return a < b ? -1 : a > b ? 1 : 0;
}

const writeFloat = (score: Score): string => Number(score).toFixed(6);
