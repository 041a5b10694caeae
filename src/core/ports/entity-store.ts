import type { Entity, EntityContent, EntityState } from "../model/entity.ts";
import type { Result } from "../model/result.ts";
import type { SharedCacheFailure } from "./shared-cache.ts";

export type EntityAnswer<T> = Promise<Result<T, SharedCacheFailure>>;

/** A change of one entity, made only while it is the one that was read. */
export interface EntityWrite {
  readonly id: string;
  /** The revision that was read; 0: it was not there. */
  readonly expectedRev: number;
  /** `undefined` deletes it. */
  readonly content: EntityContent | undefined;
}

/** Stored entities. What a write acknowledged is kept until it is changed or deleted. */
export interface EntityStore {
  /**
   * Many in one round trip; the answers in their order, `undefined` for what is not there. Holds
   * all of them at once: `maxBytes` ends the answer before the one that would bring what is stored
   * of them over so many bytes, at least one. The ids left are for another call.
   */
  getMany(
    type: string,
    ids: readonly string[],
    deadlineMs: number,
    maxBytes: number,
  ): EntityAnswer<readonly (Entity | undefined)[]>;
  /**
   * Writes each one that is still as it was read, all in one atomic step, and answers in their
   * order the new revision, or `undefined` where somebody else was faster. Each revision is
   * higher than any given before in the type. Ids must differ. An answer that got lost may have been
   * carried out: read before writing again.
   */
  swapMany(
    type: string,
    writes: readonly EntityWrite[],
    deadlineMs: number,
  ): EntityAnswer<readonly (number | undefined)[]>;
  /**
   * By id, in the order of its bytes; `after` is the last id of the page before. One that is
   * deleted or leaves the state meanwhile may be missing or still shown. A page ends early by
   * `maxBytes`, as `getMany` does. Two round trips.
   */
  list(
    type: string,
    page: {
      readonly state?: EntityState | undefined;
      readonly limit: number;
      readonly after?: string | undefined;
      readonly maxBytes: number;
    },
    deadlineMs: number,
  ): EntityAnswer<{ readonly entities: readonly Entity[]; readonly nextAfter?: string }>;
}
