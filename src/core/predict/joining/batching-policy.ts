import type { Deployment } from "../../model/deployment.ts";

/** How rows of concurrent requests for one model are run together. */
export interface BatchingPolicy {
  /** Most rows of one run. */
  readonly maxBatchSize: number;
  /** Requests being answered at a time from which on a row waits for others. */
  readonly minConcurrency: number;
}

const DEFAULT_BATCH_SIZE = 64;
const DEFAULT_CONCURRENCY = 16;

/**
 * What a deployment says of batching, completed; `undefined`: every request runs alone, as where
 * nothing is said, or nothing any more (`{}`). No I/O.
 */
export function batchingOf(
  deployment: Pick<Deployment, "batching"> | undefined,
): BatchingPolicy | undefined {
  const { max_batch_size, min_concurrency } = deployment?.batching ?? {};
  if (max_batch_size === undefined && min_concurrency === undefined) return undefined;
  return {
    maxBatchSize: max_batch_size ?? DEFAULT_BATCH_SIZE,
    minConcurrency: min_concurrency ?? DEFAULT_CONCURRENCY,
  };
}
