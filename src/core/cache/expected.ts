import type { TensorSpec } from "../model/tensor.ts";
import type { CachedPrediction } from "./cached-prediction.ts";

/** Without a shape: of any. */
export type OutputSpec = Pick<TensorSpec, "name" | "datatype"> & Partial<TensorSpec>;

/** What an answer must be of, to be taken for one. */
export interface Expected {
  readonly digest: string;
  /** Specs of the outputs asked for, in their order. */
  readonly outputs: readonly OutputSpec[];
  /** Rows asked for: an output whose first dimension is open has as many. `undefined`: not known. */
  readonly batch: number | undefined;
  /** How long it may be fresh at most, and stale after that, whatever it says itself. Milliseconds. */
  readonly freshMs: number;
  readonly staleMs: number;
}

/** The same, whatever shapes its outputs have. */
export const ofAnyShape = (expected: Expected): Expected => ({
  ...expected,
  outputs: expected.outputs.map(({ name, datatype }) => ({ name, datatype })),
});

/** What somebody else's answer to the same question must be: as many rows, for about as long. */
export const alikeTo = ({
  askedDigest: digest,
  outputs,
  createdAtMs,
  freshUntilMs,
  staleUntilMs,
}: CachedPrediction): Expected => ({
  digest,
  outputs: outputs.map(({ name, datatype, shape }) => ({
    name,
    datatype,
    shape: shape.map((size, axis) => (axis === 0 ? size : -1)),
  })),
  batch: undefined,
  // What was made together does not end together: twice is more than the times are spread by.
  freshMs: 2 * (freshUntilMs - createdAtMs),
  staleMs: staleUntilMs - freshUntilMs,
});
