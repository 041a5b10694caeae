import type { OnnxFacts } from "../../core/model/onnx/inspect.ts";

/** A session of the smallest model: its graph, kernels and options. */
const SESSION_BYTES = 48 * 1024;

/** Weights stay once as they are and often once more in the order a kernel wants. */
const WEIGHTS_FACTOR = 1.75;

/** Graph structure and attributes, such as the nodes of trees, are unpacked into objects. */
const STRUCTURE_FACTOR = 4;

/** The engine's allocator grows the memory by up to a fifth more than it was asked for. */
const GROWTH_SLACK = 1.2;

/** While it loads, the engine holds the file twice more: as it came, and parsed. */
const LOADING_COPIES = 2;

/**
 * Bytes that a session keeps. Memory that a released session left is used again without
 * growing, so growth alone would say 0 for most models. The rule: the larger of
 *
 * - an estimate: 48 KiB + 1.75 × the weights + 4 × the rest of the file. Measured in
 *   onnxruntime-web 1.30 by opening many sessions of one model: see the table in the tests;
 * - the part of the growth that loading itself cannot explain: constants that the engine
 *   worked out from a small file, for example.
 *
 * @param growth bytes of linear memory before and after the session was opened
 */
export function keptBytes(
  facts: Pick<OnnxFacts, "tensorBytes">,
  fileBytes: number,
  growth: { readonly before: number; readonly after: number },
): number {
  const weights = Math.min(facts.tensorBytes, fileBytes);
  const estimate =
    SESSION_BYTES + WEIGHTS_FACTOR * weights + STRUCTURE_FACTOR * (fileBytes - weights);
  const unexplained = growth.after / GROWTH_SLACK - growth.before - LOADING_COPIES * fileBytes;
  return Math.ceil(Math.max(estimate, unexplained));
}
