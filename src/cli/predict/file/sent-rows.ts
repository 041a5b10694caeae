/** A row that was sent: what its result goes with. */
export interface SentRow {
  /** Of a table. */
  readonly cells: readonly string[] | undefined;
  /** Of all rows up to this one: hex of `DIGEST_BYTES`. */
  readonly digest: string;
}

export const DIGEST_BYTES = 16;

/** A queue that is shifted row by row costs its length each time. */
const COMPACT_FROM = 1_000;

/**
 * Rows that wait for their results, of which there may be tens of thousands: sockets and the
 * server take in a whole request. So a row's cells are held as one text, which takes a third of
 * their memory, and digests outside of the heap.
 */
export class SentRows {
  /** As JSON. */
  readonly #cells: (string | undefined)[] = [];
  #digests = Buffer.alloc(DIGEST_BYTES * COMPACT_FROM);
  #answered = 0;

  push({ cells, digest }: SentRow): void {
    const end = this.#cells.push(cells && JSON.stringify(cells)) * DIGEST_BYTES;
    if (end > this.#digests.length) this.#digests = Buffer.concat([this.#digests, this.#digests]);
    this.#digests.write(digest, end - DIGEST_BYTES, "hex");
  }

  /** The row whose result comes next; `undefined` where none waits. */
  shift(): SentRow | undefined {
    const at = this.#answered;
    if (at === this.#cells.length) return undefined;
    const cells = this.#cells[at];
    const digest = this.#digests.toString("hex", at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES);
    this.#cells[at] = undefined;
    this.#answered += 1;
    if (this.#answered > COMPACT_FROM || this.#answered === this.#cells.length) this.#compact();
    return { cells: cells === undefined ? undefined : JSON.parse(cells), digest };
  }

  #compact(): void {
    this.#digests.copyWithin(0, this.#answered * DIGEST_BYTES, this.#cells.length * DIGEST_BYTES);
    this.#cells.splice(0, this.#answered);
    this.#answered = 0;
  }
}
