import { UnreadableRow } from "../../core/predict/rows/row-error.ts";

/** Longest line of a stream. */
export const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 0x0a;

/** A line's text, or why it is none. */
export type Line = string | UnreadableRow;

/**
 * Cuts bytes into lines as they come, `\n` or `\r\n`. Empty lines are left out. A line over the
 * limit, or one that is not UTF-8, fails alone. Holds at most one line and one chunk.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #pieces: Uint8Array[] = [];
  #held = 0;
  #isTooLong = false;
  #isFirst = true;

  constructor(maxBytes: number = MAX_LINE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in `chunk`. */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = this.#held === 0 ? skipNewlines(chunk, 0) : 0;
    for (let end = chunk.indexOf(NEWLINE, start); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      this.#finish(lines);
      start = skipNewlines(chunk, end + 1);
    }
    // A copy: the rest waits for the next chunk, and the runtime may use its buffer again.
    this.#hold(chunk.slice(start));
    return lines;
  }

  /** The last line, when it has no end. */
  end(): Line[] {
    const lines: Line[] = [];
    this.#finish(lines);
    return lines;
  }

  #hold(piece: Uint8Array): void {
    this.#held += piece.byteLength;
    if (this.#held > this.#maxBytes) {
      this.#isTooLong = true;
      this.#pieces = [];
    } else if (piece.byteLength > 0) this.#pieces.push(piece);
  }

  #finish(lines: Line[]): void {
    const pieces = this.#pieces;
    if (this.#isTooLong) lines.push(tooLong(this.#maxBytes));
    else if (pieces.length > 0) this.#read(lines, pieces);
    this.#pieces = [];
    this.#held = 0;
    this.#isTooLong = false;
  }

  #read(lines: Line[], pieces: readonly Uint8Array[]): void {
    let text: string;
    try {
      text = this.#decode(pieces);
    } catch {
      lines.push(new UnreadableRow("invalid_json", "is not valid JSON: it is not UTF-8"));
      return;
    }
    // A byte order mark before the first line is not part of it.
    if (this.#isFirst && text.startsWith("\uFEFF")) text = text.slice(1);
    this.#isFirst = false;
    if (text.trim() !== "") lines.push(text);
  }

  #decode(pieces: readonly Uint8Array[]): string {
    const [only] = pieces;
    if (pieces.length === 1) return this.#decoder.decode(only);
    const whole = new Uint8Array(this.#held);
    let offset = 0;
    for (const piece of pieces) {
      whole.set(piece, offset);
      offset += piece.byteLength;
    }
    return this.#decoder.decode(whole);
  }
}

/** Millions of empty lines pack into a few bytes: each is to cost next to nothing. */
function skipNewlines(chunk: Uint8Array, from: number): number {
  let start = from;
  while (chunk[start] === NEWLINE) start += 1;
  return start;
}

const tooLong = (maxBytes: number): UnreadableRow =>
  new UnreadableRow("line_too_long", `is longer than ${maxBytes} bytes`);
