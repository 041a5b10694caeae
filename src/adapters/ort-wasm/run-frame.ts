import { allocate } from "./ort.ts";
import type { OrtModule } from "./ort-module.ts";

/**
 * Room in linear memory for the arguments of one run, kept as long as its session: runs are
 * synchronous, so one at a time uses it, and none pays for an allocation.
 */
export interface RunFrame {
  /** What to free. */
  readonly start: number;
  /** Pointers to arrays of words: names and handles of inputs, names and handles of outputs. */
  readonly inputNames: number;
  readonly inputHandles: number;
  readonly outputNames: number;
  readonly outputHandles: number;
  /** Room for the dimensions of one input. */
  readonly dims: number;
  readonly maxRank: number;
}

const WORD_BYTES = 4;

/** Reserves a frame. @throws MemoryFull */
export function createRunFrame(
  module: OrtModule,
  counts: { readonly inputs: number; readonly outputs: number; readonly maxRank: number },
): RunFrame {
  const inputs = counts.inputs * WORD_BYTES;
  const outputs = counts.outputs * WORD_BYTES;
  const start = allocate(module, 2 * inputs + 2 * outputs + counts.maxRank * WORD_BYTES);
  const outputNames = start + 2 * inputs;
  return {
    start,
    inputNames: start,
    inputHandles: start + inputs,
    outputNames,
    outputHandles: outputNames + outputs,
    dims: outputNames + 2 * outputs,
    maxRank: counts.maxRank,
  };
}
