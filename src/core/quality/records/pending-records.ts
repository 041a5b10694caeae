import type { AnsweredPrediction } from "./make-record.ts";

const KIB = 1024;
const MAX_RECORDS = 5_000;
const MAX_BYTES = 8 * KIB * KIB;
const DEFAULT_SIZE_BYTES = KIB;

/** Answered predictions that wait to be written, up to 5,000 or 8 MiB, oldest first. */
export class PendingRecords {
  readonly #waiting = new Map<string, AnsweredPrediction>();
  #bytes = 0;
  #gone = 0;

  get size(): number {
    return this.#waiting.size;
  }

  /** How many have left since the isolate began. */
  get gone(): number {
    return this.#gone;
  }

  /** Up to half full: what may wait does, so that there is room left for what may not. */
  get hasRoom(): boolean {
    return this.size <= MAX_RECORDS / 2 && this.#bytes <= MAX_BYTES / 2;
  }

  /** False when there is no room. */
  take(answered: AnsweredPrediction): boolean {
    const bytes = this.#bytes + sizeOf(answered);
    if (this.size >= MAX_RECORDS || bytes > MAX_BYTES) return false;
    this.#waiting.set(answered.id, answered);
    this.#bytes = bytes;
    return true;
  }

  forget(id: string): void {
    const answered = this.#waiting.get(id);
    if (answered === undefined || !this.#waiting.delete(id)) return;
    this.#bytes -= sizeOf(answered);
    this.#gone += 1;
  }

  /** Those that have waited longest. */
  oldest(count: number): readonly AnsweredPrediction[] {
    const found: AnsweredPrediction[] = [];
    for (const answered of this.#waiting.values()) {
      if (found.length === count) break;
      found.push(answered);
    }
    return found;
  }
}

const sizeOf = ({ sizeBytes = DEFAULT_SIZE_BYTES }: AnsweredPrediction): number => sizeBytes;
