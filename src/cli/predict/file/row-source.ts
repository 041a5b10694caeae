import type { FileRow } from "./read-rows.ts";

/** What one request may hold: the edge refuses larger bodies, and a Worker has its time. */
const MAX_REQUEST_CHARACTERS = 64_000_000;

/** A write for each row would cost more than the rest of what is done for it. */
const PIECE_CHARACTERS = 16_384;

/** The rows of a file, dealt out to requests one after another; a row's cells wait for its result. */
export class RowSource {
  readonly #rows: AsyncIterator<FileRow>;
  #next: IteratorResult<FileRow> | undefined;
  /** Sent, and not answered yet. */
  readonly #waiting: (readonly string[] | undefined)[] = [];
  #answered = 0;
  #sent = 0;

  constructor(rows: AsyncIterable<FileRow>) {
    this.#rows = rows[Symbol.asyncIterator]();
  }

  /** Whether there is another row. */
  async hasMore(): Promise<boolean> {
    return (await this.peek()) !== undefined;
  }

  /** The row that comes next, which stays so; `undefined` at the end. */
  async peek(): Promise<FileRow | undefined> {
    this.#next ??= await this.#rows.next();
    return this.#next.done === true ? undefined : this.#next.value;
  }

  /** Passes over the next row, which has its answer already; `undefined` at the end. */
  async pass(): Promise<FileRow | undefined> {
    const row = await this.peek();
    if (row === undefined) return undefined;
    this.#next = undefined;
    this.#sent += 1;
    return row;
  }

  /** The lines of the next request, many in a piece: each piece is a write of its own. */
  async *take(maxRows: number): AsyncGenerator<string, void, undefined> {
    let rows = 0;
    let characters = 0;
    let piece = "";
    while (rows < maxRows && characters < MAX_REQUEST_CHARACTERS && (await this.hasMore())) {
      const { line, cells } = (this.#next as IteratorYieldResult<FileRow>).value;
      this.#next = undefined;
      this.#waiting.push(cells);
      this.#sent += 1;
      rows += 1;
      characters += line.length;
      piece += `${line}\n`;
      if (piece.length < PIECE_CHARACTERS) continue;
      yield piece;
      piece = "";
    }
    if (piece !== "") yield piece;
  }

  /** The cells of the row whose result comes next; `undefined` where rows have none. */
  answer(): readonly string[] | undefined {
    const cells = this.#waiting[this.#answered];
    this.#waiting[this.#answered] = undefined;
    this.#answered += 1;
    if (this.#answered === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#answered = 0;
    } else if (this.#answered > COMPACT_FROM) {
      this.#waiting.splice(0, this.#answered);
      this.#answered = 0;
    }
    return cells;
  }

  /** Rows that were sent so far, or had been before. */
  get sent(): number {
    return this.#sent;
  }

  /** Gives up the rest. */
  async close(): Promise<void> {
    await this.#rows.return?.();
  }
}

// A queue that is shifted row by row costs its length each time.
const COMPACT_FROM = 1_000;
