import { hash } from "node:crypto";
import type { FileRow } from "./read-rows.ts";
import { DIGEST_BYTES, type SentRow, SentRows } from "./sent-rows.ts";

/** What one request may hold: the edge refuses larger bodies, and a Worker has its time. */
const MAX_REQUEST_CHARACTERS = 64_000_000;

/** A write for each row would cost more than the rest of what is done for it. */
const PIECE_CHARACTERS = 16_384;

/** The rows of a file, dealt out to requests one after another; what is known of a row waits for its result. */
export class RowSource {
  readonly #rows: AsyncIterator<FileRow>;
  #next: IteratorResult<FileRow> | undefined;
  /** Sent, and not answered yet. */
  readonly #waiting = new SentRows();
  #again: readonly FileRow[] = [];
  #digest = "";
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
    const [again] = this.#again;
    if (again !== undefined) return again;
    this.#next ??= await this.#rows.next();
    return this.#next.done === true ? undefined : this.#next.value;
  }

  #go({ line }: FileRow): void {
    if (this.#again.length > 0) this.#again = this.#again.slice(1);
    else this.#next = undefined;
    this.#sent += 1;
    this.#digest = hash("sha256", `${this.#digest}\n${line}`).slice(0, 2 * DIGEST_BYTES);
  }

  /** Passes over the next row, which has its answer already; `undefined` at the end. */
  async pass(): Promise<FileRow | undefined> {
    const row = await this.peek();
    if (row !== undefined) this.#go(row);
    return row;
  }

  /** Takes the last rows that were passed over back: they come again. @param digest of those before them */
  putBack(rows: readonly FileRow[], digest: string): void {
    this.#again = [...rows, ...this.#again];
    this.#sent -= rows.length;
    this.#digest = digest;
  }

  /** The lines of the next request, many in a piece: each piece is a write of its own. */
  async *take(maxRows: number): AsyncGenerator<string, void, undefined> {
    let rows = 0;
    let characters = 0;
    let piece = "";
    while (rows < maxRows && characters < MAX_REQUEST_CHARACTERS) {
      const row = await this.pass();
      if (row === undefined) break;
      const { line, cells } = row;
      this.#waiting.push({ cells, digest: this.#digest });
      rows += 1;
      characters += line.length;
      piece += `${line}\n`;
      if (piece.length < PIECE_CHARACTERS) continue;
      yield piece;
      piece = "";
    }
    if (piece !== "") yield piece;
  }

  /** The row whose result comes next; `undefined` where none was sent. */
  answer(): SentRow | undefined {
    return this.#waiting.shift();
  }

  /** Of the rows that were sent so far, or had been before. */
  get digest(): string {
    return this.#digest;
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
