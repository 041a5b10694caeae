import { createWriteStream, truncateSync, type WriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { usageFailure } from "../../failure.ts";
import { removeNote } from "./begun-note.ts";
import type { RowsFile } from "./read-rows.ts";
import type { Result } from "./result.ts";
import { ResultTable, type TableOptions } from "./result-table.ts";
import type { Begun } from "./resume.ts";

/** Where results go, one after the other. */
export interface ResultsFile {
  /** @param line the result as the server wrote it @param cells the row's own, of a table */
  add(result: Result, line: string, cells: readonly string[] | undefined): Promise<void>;
  /** The last word: the file stands under its name now, whole. */
  close(): Promise<void>;
  /** Leaves what there is under the name that this answers; nothing when that is nothing. */
  abandon(): Promise<string | undefined>;
}

/** Until all rows are in, the file has this at the end of its name. */
const UNFINISHED = ".partial";

export const partialOf = (path: string): string => `${path}${UNFINISHED}`;

export interface ResultsOptions extends Omit<TableOptions, "begun"> {
  readonly form: RowsFile["form"];
  /** What an earlier run left, to go on with. */
  readonly begun?: Begun | undefined;
}

/** Writes results into a file of the form that its name says: CSV, a JSON array, or lines. */
export function createResultsFile(path: string, options: ResultsOptions): ResultsFile {
  const partial = partialOf(path);
  const { begun } = options;
  const start = begun?.bytes ?? 0;
  // Half a result, or the end of an array, is not gone on with.
  if (begun !== undefined) truncateSync(partial, start);
  const file = createWriteStream(partial, { start, flags: begun === undefined ? "w" : "r+" });
  let failure: Error | undefined;
  file.on("error", (error) => {
    failure = error;
  });
  const write = async (text: string) => {
    if (failure !== undefined) throw usageFailure(`cannot write ${path}: ${failure.message}`);
    if (text !== "" && !file.write(text)) await drained(file);
  };
  const end = async (text: string) => {
    await write(text);
    file.end();
    await finished(file);
  };
  const text = textOf(options);
  let count = begun?.rows ?? 0;
  return {
    add(result, line, cells) {
      count += 1;
      return write(text.add(result, line, cells));
    },
    async close() {
      await end(text.end());
      await rename(partial, path);
      await removeNote(partial);
    },
    async abandon() {
      await end(text.end()).catch(() => undefined);
      if (count > 0) return partial;
      await rm(partial, { force: true });
      await removeNote(partial);
      return undefined;
    },
  };
}

/** Writes results to whoever takes them; what is cut off there is not gone on with. */
export function createResultsPipe(
  send: (text: string) => Promise<void>,
  options: ResultsOptions,
): ResultsFile {
  const text = textOf(options);
  let waiting = "";
  const write = async (more: string) => {
    waiting += more;
    if (waiting.length < PIECE_CHARACTERS) return;
    const piece = waiting;
    waiting = "";
    await send(piece);
  };
  return {
    add: (result, line, cells) => write(text.add(result, line, cells)),
    close: () => send(waiting + text.end()),
    async abandon() {
      await send(waiting);
      return undefined;
    },
  };
}

/** A write for each result would cost more than the result. */
const PIECE_CHARACTERS = 16_384;

interface Text {
  add(result: Result, line: string, cells: readonly string[] | undefined): string;
  end(): string;
}

function textOf({ form, begun, ...table }: ResultsOptions): Text {
  if (form === "csv") return new ResultTable({ ...table, begun: begun?.titles });
  if (form === "ndjson") return { add: (_result, line) => `${line}\n`, end: () => "" };
  let count = begun?.rows ?? 0;
  return {
    add(_result, line) {
      count += 1;
      return `${count === 1 ? "[\n" : ",\n"}${line}`;
    },
    end: () => (count === 0 ? "[]\n" : "\n]\n"),
  };
}

const drained = (file: WriteStream): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      file.off("drain", go);
      file.off("close", go);
      resolve();
    };
    file.on("drain", go);
    file.on("close", go);
  });
