import { createReadStream } from "node:fs";
import { parseOrUndefined } from "../../client/problem.ts";
import type { RowsFile } from "./read-rows.ts";
import { splitRecord } from "./split-record.ts";

/** A result of a file that is not whole, as far as it tells. */
export interface BegunResult {
  /** The file's length up to here: what comes after may be half a result. */
  readonly end: number;
  readonly isOk: boolean;
  /** A table's record. */
  readonly record?: readonly string[];
}

/**
 * The results of a file that is not whole, one after another, without the one that a process which
 * was killed left half written. A table's first record is its header.
 * @throws what the file cannot be read for
 */
export async function* readBegun(
  partial: string,
  form: RowsFile["form"],
): AsyncGenerator<BegunResult, void, undefined> {
  for await (const { text, end } of recordsOf(partial, form === "csv")) {
    if (form === "csv") {
      const record = splitRecord(text);
      yield { end, record, isOk: record.at(-1) === "" };
    } else if (text.startsWith("{")) {
      const line = text.endsWith(",") ? text.slice(0, -1) : text;
      // In an array the comma and the line's end come with the next result.
      const written = form === "json" ? end - 1 - (text.length - line.length) : end;
      const result = parseOrUndefined(line);
      yield { end: written, isOk: isOk(result) };
    }
  }
}

const isOk = (result: unknown): boolean =>
  typeof result === "object" && result !== null && "ok" in result && result.ok === true;

interface TextRecord {
  /** Without its end. */
  readonly text: string;
  readonly end: number;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** Lines that have their end; in a table those that have one between quotes are not cut there. */
async function* recordsOf(
  path: string,
  hasQuotes: boolean,
): AsyncGenerator<TextRecord, void, undefined> {
  let pieces: Buffer[] = [];
  let isQuoted = false;
  let before = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (hasQuotes && byte === QUOTE) isQuoted = !isQuoted;
      if (byte !== NEWLINE || isQuoted) continue;
      const text = Buffer.concat([...pieces, chunk.subarray(start, at)]).toString("utf8");
      pieces = [];
      start = at + 1;
      yield { text, end: before + start };
    }
    pieces.push(chunk.subarray(start));
    before += chunk.length;
  }
}
