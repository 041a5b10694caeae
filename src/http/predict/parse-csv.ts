import Papa from "papaparse";
import { firstBadByte } from "../../core/model/first-bad-byte.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import { separatorHint } from "../../core/predict/rows/separator-hint.ts";

/** A header and the records below it, as text. */
export interface Csv {
  readonly header: readonly string[];
  readonly records: readonly (readonly string[])[];
}

export interface CsvFailure {
  readonly reason: "invalid_csv";
  readonly detail: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/**
 * Parses CSV (RFC 4180) in UTF-8: commas, double quotes, a header line first. Empty lines are
 * skipped, names lose the space around them. Reads one record more than `maxRecords` at most.
 */
export function parseCsv(bytes: Bytes, maxRecords: number): Result<Csv, CsvFailure> {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return invalid(`it is not UTF-8 at byte ${firstBadByte(bytes)}`);
  }
  const { data, errors } = Papa.parse<string[]>(text, {
    delimiter: ",",
    skipEmptyLines: true,
    preview: maxRecords + 2,
  });
  const [wrong] = errors;
  if (wrong !== undefined) {
    const [header = ""] = text.split(/[\r\n]/, 1);
    const hint = separatorHint(header);
    return invalid(`record ${(wrong.row ?? 0) + 1}: ${wrong.message.toLowerCase()}${hint}`);
  }
  const [header, ...records] = data;
  if (header === undefined) return invalid("it is empty: the first line names the features");
  return ok({ header: header.map((name) => name.trim()), records });
}

const invalid = (what: string): Result<never, CsvFailure> =>
  fail({ reason: "invalid_csv", detail: `the body is not valid CSV: ${what}` });
