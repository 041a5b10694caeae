import { separatorHint } from "../../core/predict/rows/separator-hint.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { misfitOf, nameOf, openRowsFile, type RowsFile } from "../predict/file/read-rows.ts";

/** A line of a file that is no outcome, as it was not sent. */
export interface Misfit {
  readonly line: number;
  readonly detail: string;
}

/** A file of outcomes, read while it is sent. */
export interface OutcomesFile extends Pick<RowsFile, "totalBytes" | "bytesRead"> {
  /** Lines of JSON, many in a piece. */
  text(): AsyncIterable<string>;
  /** The line of the file that the server's line was, blank ones left out; a table's header is one. */
  lineOf(sent: number): number;
  /** Of those read so far. */
  readonly misfits: readonly Misfit[];
  /** Records of a table without an id or a value: nothing is known of them, or they had no answer. */
  readonly skipped: number;
}

export interface OutcomesOptions {
  readonly format: "csv" | "ndjson" | undefined;
  /** The column with the truth. */
  readonly value: string | undefined;
}

const PIECE_CHARACTERS = 16_384;
const ID = "prediction_id";

/**
 * Opens a file of outcomes, or stdin. Records of a table become lines, so that a cell may have
 * lines in it, as in what `predict --out` writes.
 * @throws CliFailure when it cannot be read, or is neither CSV nor lines
 */
export function openOutcomes(
  context: Pick<Context, "pathOf" | "input">,
  file: string,
  { format, value }: OutcomesOptions,
): OutcomesFile {
  const input = openRowsFile(context, file, format);
  if (input.form === "json") throw usageFailure(`${file}: outcomes come as CSV or lines of JSON`);
  if (input.form === "ndjson" && value !== undefined) {
    throw usageFailure("--value names a column of a CSV file", "A line has its own `value`.");
  }
  return input.form === "csv"
    ? new OutcomeTable(input, nameOf(file), value ?? "value")
    : {
        totalBytes: input.totalBytes,
        bytesRead: input.bytesRead,
        text: () => inPieces(linesOf(input)),
        lineOf: (sent) => sent,
        misfits: [],
        skipped: 0,
      };
}

async function* linesOf(input: RowsFile): AsyncGenerator<string, void, undefined> {
  for await (const { line } of input.rows()) yield line;
}

/** Each piece is a write of its own. */
async function* inPieces(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let piece = "";
  for await (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

class OutcomeTable implements OutcomesFile {
  readonly #input: RowsFile;
  readonly #name: string;
  readonly #value: string;
  /** Lines that were not sent, in their order. */
  readonly #gaps: number[] = [];
  #passed = 0;
  readonly misfits: Misfit[] = [];

  constructor(input: RowsFile, name: string, value: string) {
    this.#input = input;
    this.#name = name;
    this.#value = value;
  }

  get totalBytes(): number {
    return this.#input.totalBytes;
  }

  get skipped(): number {
    return this.#gaps.length - this.misfits.length;
  }

  bytesRead(): number {
    return this.#input.bytesRead();
  }

  text(): AsyncIterable<string> {
    return inPieces(this.#lines());
  }

  lineOf(sent: number): number {
    // Answers come in order: what was passed is not looked at again.
    let line = sent + 1 + this.#passed;
    while ((this.#gaps[this.#passed] ?? Number.POSITIVE_INFINITY) <= line) {
      this.#passed += 1;
      line += 1;
    }
    return line;
  }

  async *#lines(): AsyncGenerator<string, void, undefined> {
    let line = 1;
    for await (const { cells = [] } of this.#input.rows()) {
      line += 1;
      const header = this.#input.header() ?? [];
      if (line === 2) this.#check(header);
      const misfit = misfitOf(header, cells);
      const outcome = misfit === undefined ? this.#outcomeOf(header, cells) : undefined;
      if (misfit !== undefined) this.misfits.push({ line, detail: `the line ${misfit}` });
      if (outcome === undefined) this.#gaps.push(line);
      else yield JSON.stringify(outcome);
    }
    if (line === 1) throw usageFailure(`${this.#name} has no outcomes`);
    if (this.#gaps.length === line - 1 && this.misfits.length === 0) {
      throw usageFailure(
        `${this.#name}: no record has both a ${ID} and a value in '${this.#value}'`,
      );
    }
  }

  #check(header: readonly string[]): void {
    const missing = [ID, this.#value].find((name) => !header.includes(name));
    if (missing === undefined) return;
    throw usageFailure(
      `${this.#name} has no column '${missing}'${separatorHint(header.join(","))}`,
      `Its columns: ${header.slice(0, SHOWN_COLUMNS).join(", ")}${header.length > SHOWN_COLUMNS ? ", …" : ""}. --value names the one with the truth.`,
    );
  }

  #outcomeOf(header: readonly string[], cells: readonly string[]): object | undefined {
    const cellOf = (name: string) => cells[header.indexOf(name)]?.trim() ?? "";
    const [id, value, at, replace] = [
      cellOf(ID),
      cellOf(this.#value),
      cellOf("at"),
      cellOf("replace"),
    ];
    if (id === "" || value === "") return undefined;
    return {
      prediction_id: id,
      value,
      ...(at === "" ? {} : { at }),
      ...(replace === "" ? {} : { replace: truthOf(replace) }),
    };
  }
}

const SHOWN_COLUMNS = 20;

/** What is neither stays text, and is refused as such. */
const truthOf = (text: string): unknown =>
  text === "true" ? true : text === "false" ? false : text;
