import { waitAtMost } from "../../core/cache/single-flight.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { UnreadableRow } from "../../core/predict/rows/row-error.ts";
import { BATCH_ROWS } from "../../core/predict/rows/run-rows.ts";
import { readOn } from "../body/read-on.ts";
import { type Line, LineSplitter } from "./split-lines.ts";

/** Characters of lines after which a batch is full, however few they are. */
const BATCH_CHARACTERS = 1024 * 1024;
/** Lines are not kept waiting for longer when no others come: whoever sends one may wait for its answer. */
const IDLE_MS = 20;
/** Read without a batch, such as lines of blanks, after which others get their turn in the isolate. */
const TURN_BYTES = 512 * 1024;

/** Lines to be answered together. */
export type LineBatch = readonly Line[];

/** Reads a body in batches of lines, one when it is asked for: what is not asked for is not read. */
export interface LineReader {
  /** The next batch; empty at the end. `broken` when the body breaks off or is damaged. */
  next(): Promise<LineBatch | "broken">;
  /** Gives up the rest. */
  cancel(): void;
  /** Gives it up once who sends it can hear the answer. Never rejects. */
  readOn(): Promise<void>;
}

/**
 * Holds at most a batch, two chunks and one line.
 * @param clock of the request: waits are its own
 */
export function createLineReader(body: ReadableStream<Uint8Array>, clock: Clock): LineReader {
  const reader = body.getReader();
  const readChunk = () => reader.read().catch(() => undefined);
  const splitter = new LineSplitter();
  let reading: ReturnType<typeof readChunk> | undefined;
  let waiting: Line[] = [];
  let isAtEnd = false;
  let sinceTurn = 0;

  /** Takes one chunk in; `late` when it is not there and others should not wait for it. */
  async function readMore(): Promise<"read" | "late" | "broken"> {
    reading ??= readChunk();
    const read =
      waiting.length === 0 ? { value: await reading } : await waitAtMost(clock, reading, IDLE_MS);
    if (read === undefined) return "late";
    reading = undefined;
    const chunk = read.value;
    if (chunk === undefined) return "broken";
    isAtEnd = chunk.done;
    const lines = chunk.done ? splitter.end() : splitter.push(chunk.value);
    // As many as fit into a chunk: too many to be arguments.
    for (const line of lines) waiting.push(line);
    sinceTurn += chunk.value?.byteLength ?? 0;
    return "read";
  }

  return {
    async next() {
      sinceTurn = 0;
      while (!isAtEnd && !isFull(waiting)) {
        const outcome = await readMore();
        if (outcome === "broken") return outcome;
        if (outcome === "late") break;
        if (sinceTurn < TURN_BYTES) continue;
        sinceTurn = 0;
        await clock.after(0).done;
      }
      const size = sizeOfBatch(waiting);
      const batch = waiting.slice(0, size);
      waiting = waiting.slice(size);
      return batch;
    },
    cancel: () => void reader.cancel().catch(() => undefined),
    readOn: () => readOn(reader, clock),
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
