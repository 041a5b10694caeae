import type { Strategy } from "../model/strategies.ts";
import type { Tensor } from "../model/tensor.ts";

/** One answer that is kept: plain data, never changed, of any request with the same version and inputs. */
export interface CachedPrediction {
  /** What computed it. */
  readonly model: string;
  readonly version: string;
  /** Of its bytes; empty when they are elsewhere. */
  readonly digest: string;
  /** Of the version that was asked: what it is kept under. The same as `digest` for a fast one. */
  readonly askedDigest: string;
  readonly strategy: Strategy;
  readonly outputs: readonly Tensor[];
  readonly createdAtMs: number;
  /** Until then it is answered as it is. */
  readonly freshUntilMs: number;
  /** Until then it may be answered while it is made anew, or when that fails. */
  readonly staleUntilMs: number;
  /** The outputs as a door has written them; there once somebody wrote them. */
  readonly written?: string;
}

// What the objects around key and data take is not measured but guessed, and rather high.
const ENTRY_BYTES = 300;
const TENSOR_BYTES = 150;
const STRING_BYTES = 16;

/** Bytes that an entry holds, from above: two per character, and what the objects take. */
export function sizeOf({ outputs, written = "" }: CachedPrediction, key: string): number {
  let size = ENTRY_BYTES + 2 * (key.length + written.length);
  for (const { datatype, data } of outputs) {
    size += TENSOR_BYTES;
    if (datatype === "BYTES") {
      for (const text of data) size += STRING_BYTES + 2 * text.length;
    } else size += data.byteLength;
  }
  return size;
}

/** How a prediction that was not in the isolate came there: what those who joined are told as well. */
export interface Landing {
  readonly prediction: CachedPrediction;
  /** `none`: it was computed. */
  readonly tier: "redis" | "none";
  /** Whether the isolate has it now. */
  readonly stored: boolean;
  readonly modelCache: "hit" | "miss" | "collapsed" | "unused";
  readonly acquireMs: number;
  readonly runMs: number;
}
