import type { UnreadableRow } from "../../core/predict/rows/row-error.ts";
import { BATCH_ROWS } from "../../core/predict/rows/run-rows.ts";
import { type Line, LineSplitter } from "./split-lines.ts";

/** Characters of lines after which a batch is full, however few they are. */
const BATCH_CHARACTERS = 1024 * 1024;

/** Lines to be answered together. */
export type LineBatch = readonly Line[];

/** Reads a body in batches of lines, one when it is asked for: what is not asked for is not read. */
export interface LineReader {
  /** The next batch; empty at the end. `broken` when the body breaks off or is damaged. */
  next(): Promise<LineBatch | "broken">;
  /** Gives up the rest. */
  cancel(): void;
}

/** Holds at most a batch, a chunk and one line. */
export function createLineReader(body: ReadableStream<Uint8Array>): LineReader {
  const reader = body.getReader();
  const splitter = new LineSplitter();
  let waiting: Line[] = [];
  let isAtEnd = false;
  return {
    async next() {
      while (!isAtEnd && !isFull(waiting)) {
        const chunk = await reader.read().catch(() => undefined);
        if (chunk === undefined) return "broken";
        isAtEnd = chunk.done;
        const lines = chunk.done ? splitter.end() : splitter.push(chunk.value);
        // As many as fit into a chunk: too many to be arguments.
        for (const line of lines) waiting.push(line);
      }
      const size = sizeOfBatch(waiting);
      const batch = waiting.slice(0, size);
      waiting = waiting.slice(size);
      return batch;
    },
    cancel: () => void reader.cancel().catch(() => undefined),
  };
}

const isFull = (lines: readonly Line[]): boolean => {
  const size = sizeOfBatch(lines);
  return size >= BATCH_ROWS || size < lines.length || charactersOf(lines) >= BATCH_CHARACTERS;
};

/** At least one line, where there is one. */
function sizeOfBatch(lines: readonly Line[]): number {
  let characters = 0;
  let size = 0;
  for (const line of lines) {
    characters += lengthOf(line);
    if (size >= BATCH_ROWS || (size > 0 && characters > BATCH_CHARACTERS)) break;
    size += 1;
  }
  return size;
}

const charactersOf = (lines: readonly Line[]): number =>
  lines.reduce((sum, line) => sum + lengthOf(line), 0);

const lengthOf = (line: string | UnreadableRow): number =>
  typeof line === "string" ? line.length : 0;
