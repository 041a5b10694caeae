import type { EntityKey } from "../../model/prediction-record.ts";
import type { AnsweredPrediction } from "./make-record.ts";

const KIB = 1024;
const MAX_RECORDS = 5_000;
const MAX_BYTES = 8 * KIB * KIB;
const DEFAULT_SIZE_BYTES = KIB;

/** Answered predictions that wait to be written, up to 5,000 or 8 MiB, oldest first. */
export class PendingRecords {
  #waiting: AnsweredPrediction[] = [];
  #bytes = 0;
  #gone = 0;

  get size(): number {
    return this.#waiting.length;
  }

  /** How many have left since the isolate began. */
  get gone(): number {
    return this.#gone;
  }

  /** Up to half full: what may wait does, so that there is room left for what may not. */
  get hasRoom(): boolean {
    return this.size <= MAX_RECORDS / 2 && this.#bytes <= MAX_BYTES / 2;
  }

  /** Whether one of an entity is among them. */
  hasOn({ type, id }: EntityKey): boolean {
    return this.#waiting.some(({ entity }) => entity?.id === id && entity.type === type);
  }

  /** False when there is no room. */
  take(answered: AnsweredPrediction): boolean {
    const bytes = this.#bytes + sizeOf(answered);
    if (this.size >= MAX_RECORDS || bytes > MAX_BYTES) return false;
    this.#waiting.push(answered);
    this.#bytes = bytes;
    return true;
  }

  /** Many at once: each call goes through all that wait. */
  forget(ids: ReadonlySet<string>): void {
    const left: AnsweredPrediction[] = [];
    for (const answered of this.#waiting) {
      if (ids.has(answered.id)) this.#bytes -= sizeOf(answered);
      else left.push(answered);
    }
    this.#gone += this.#waiting.length - left.length;
    this.#waiting = left;
  }

  /** Those that have waited longest, but for the first ones, which are on their way. */
  oldest(count: number, onTheirWay = 0): readonly AnsweredPrediction[] {
    return this.#waiting.slice(onTheirWay, onTheirWay + count);
  }
}

const sizeOf = ({ sizeBytes = DEFAULT_SIZE_BYTES }: AnsweredPrediction): number => sizeBytes;
