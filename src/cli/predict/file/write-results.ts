import { createWriteStream, type WriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { usageFailure } from "../../failure.ts";
import type { Result } from "./result.ts";
import { ResultTable } from "./result-table.ts";

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

/**
 * Writes results into a file of the form that its name says: CSV, a JSON array, or lines.
 * @param header the columns of the rows, of a table
 */
export function createResultsFile(
  path: string,
  form: "csv" | "json" | "ndjson",
  header: () => readonly string[] | undefined,
): ResultsFile {
  const partial = `${path}${UNFINISHED}`;
  const file = createWriteStream(partial);
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
  const text = textOf(form, header);
  let count = 0;
  return {
    add(result, line, cells) {
      count += 1;
      return write(text.add(result, line, cells));
    },
    async close() {
      await end(text.end());
      await rename(partial, path);
    },
    async abandon() {
      await end(text.end()).catch(() => undefined);
      if (count > 0) return partial;
      await rm(partial, { force: true });
      return undefined;
    },
  };
}

interface Text {
  add(result: Result, line: string, cells: readonly string[] | undefined): string;
  end(): string;
}

function textOf(
  form: "csv" | "json" | "ndjson",
  header: () => readonly string[] | undefined,
): Text {
  if (form === "csv") return new ResultTable(header);
  if (form === "ndjson") return { add: (_result, line) => `${line}\n`, end: () => "" };
  let count = 0;
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
