import type { Tensor } from "../../model/tensor.ts";
import type { BatchingPolicy } from "./batching-policy.ts";

/** A row that waits to be run together with others. Plain data: it crosses requests. */
export interface WaitingRow {
  /** `[1, …]` each, in the model's order. Never changed. */
  readonly inputs: readonly Tensor[];
  /** Names of the outputs to compute. */
  readonly outputs: readonly string[];
  /** Rows of equal kind may be run together. */
  readonly kind: string;
  readonly bytes: number;
  readonly batching: BatchingPolicy;
  /** In no run yet, nor given up. */
  isWaiting: boolean;
  /** Its part of the run that it was in; `undefined`: it has none, and is to be run alone. */
  share: Share | undefined;
}

/** What one row has of a run of several. */
export interface Share {
  readonly outputs: readonly Tensor[];
  /** Rows of the run, for the row that led it; 0 for the others. */
  readonly ledRows: number;
  readonly runAtMs: number;
  readonly endedAtMs: number;
}

/**
 * Inputs of one run. More would leave the engine's memory grown for good, and brings nothing: rows
 * that large are not what a run costs by itself.
 */
export const MAX_RUN_BYTES = 1024 * 1024;
/** Inputs of all rows that wait. */
const MAX_WAITING_BYTES = 4 * MAX_RUN_BYTES;

/**
 * The rows that wait for one loaded version, by kind. Whoever has put one in takes it out again by
 * a timer of its own; those of clients that are gone leave with the next run of their kind, or
 * when there are too many bytes of them.
 */
export class WaitingRows {
  readonly #byKind = new Map<string, WaitingRow[]>();
  #bytes = 0;

  put(row: WaitingRow): void {
    if (this.#bytes + row.bytes > MAX_WAITING_BYTES) this.#giveUp();
    const others = this.#byKind.get(row.kind);
    if (others === undefined) this.#byKind.set(row.kind, [row]);
    else others.push(row);
    this.#bytes += row.bytes;
  }

  /** Takes out a row with those of its kind that may be run with it, the oldest first. */
  take(leader: WaitingRow): readonly WaitingRow[] {
    const taken = [leader];
    let bytes = leader.bytes;
    const rest: WaitingRow[] = [];
    for (const row of this.#byKind.get(leader.kind) ?? []) {
      if (row === leader) continue;
      const fits =
        taken.length < leader.batching.maxBatchSize && bytes + row.bytes <= MAX_RUN_BYTES;
      (fits ? taken : rest).push(row);
      if (fits) bytes += row.bytes;
    }
    for (const row of taken) row.isWaiting = false;
    this.#bytes -= bytes;
    if (rest.length > 0) this.#byKind.set(leader.kind, rest);
    else this.#byKind.delete(leader.kind);
    return taken;
  }

  /** Those who still wait will run alone. */
  #giveUp(): void {
    for (const rows of this.#byKind.values()) for (const row of rows) row.isWaiting = false;
    this.#byKind.clear();
    this.#bytes = 0;
  }
}
