import { usageFailure } from "../../failure.ts";
import type { Result } from "./result.ts";

interface Waiting {
  readonly result: Result;
  readonly cells: readonly string[] | undefined;
}

/** Rows that failed wait for the first that did not: it says which columns there are. */
const MAX_WAITING = 1_000;

export interface TableOptions {
  /** The columns of the rows; `undefined` where they have none. */
  readonly header: () => readonly string[] | undefined;
  /** What follows them in a table that was begun before, which this one goes on with. */
  readonly begun?: readonly string[] | undefined;
  /** Told of each column that the rows have already: the result's is written as `to`. */
  readonly onRenamed: (from: string, to: string) => void;
}

/**
 * Results as CSV: the row's own cells, then what the model says of it. Columns are those of the
 * first row that was answered; none has the name of another.
 */
export class ResultTable {
  readonly #options: TableOptions;
  #columns: readonly Column[] | undefined;
  #waiting: Waiting[] = [];

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** The text that is to be written now. @throws CliFailure when it does not go with what was begun */
  add(result: Result, _line: string, cells: readonly string[] | undefined): string {
    this.#waiting.push({ result, cells });
    const isKnown = this.#columns !== undefined || result.ok;
    return isKnown || this.#waiting.length >= MAX_WAITING ? this.#flush() : "";
  }

  end(): string {
    return this.#flush();
  }

  #flush(): string {
    const rows = this.#waiting;
    this.#waiting = [];
    const first = rows.find(({ result }) => result.ok)?.result;
    const { begun } = this.#options;
    // Failed rows alone do not tell the columns: they have nothing but the last of them.
    if (begun !== undefined && this.#columns === undefined && first === undefined) {
      return this.#writeAll(rows, begun.map(failedColumn));
    }
    const head = this.#columns === undefined ? this.#begin(first) : "";
    return head + this.#writeAll(rows, this.#columns ?? []);
  }

  #begin(first: Result | undefined): string {
    const { header, begun, onRenamed } = this.#options;
    const own = header() ?? [];
    const columns = withOwnNames(columnsOf(first), own, onRenamed);
    this.#columns = columns;
    const titles = columns.map(({ title }) => title);
    if (begun === undefined) return record([...own, ...titles]);
    if (titles.join("\n") === begun.join("\n")) return "";
    throw usageFailure(
      `the answers have the columns ${titles.join(", ")}, what was begun has ${begun.join(", ")}`,
      "Without --resume it begins anew.",
    );
  }

  #writeAll(rows: readonly Waiting[], columns: readonly Column[]): string {
    const header = this.#options.header();
    return rows
      .map(({ result, cells }) =>
        record([...ownCells(header, cells), ...columns.map(({ cell }) => cell(result))]),
      )
      .join("");
  }
}

/** A row's own cells as they are written: one of another length keeps what it has, under the header that there is. */
export const ownCells = (
  header: readonly string[] = [],
  cells: readonly string[] = [],
): readonly string[] => header.map((_, at) => cells[at] ?? "");

interface Column {
  readonly title: string;
  readonly cell: (result: Result) => string;
}

const errorOf = ({ error }: Result): string => error?.detail ?? "";

const failedColumn = (title: string, at: number, all: readonly string[]): Column => ({
  title,
  cell: at === all.length - 1 ? errorOf : () => "",
});

/** Columns whose names the rows have already are told apart by a number. */
function withOwnNames(
  columns: readonly Column[],
  own: readonly string[],
  onRenamed: TableOptions["onRenamed"],
): readonly Column[] {
  const taken = new Set([...own, ...columns.map(({ title }) => title)]);
  return columns.map((column) => {
    if (!own.includes(column.title)) return column;
    let number = 2;
    while (taken.has(`${column.title}_${number}`)) number += 1;
    const title = `${column.title}_${number}`;
    taken.add(title);
    onRenamed(column.title, title);
    return { ...column, title };
  });
}

function columnsOf(first: Result | undefined): readonly Column[] {
  const { label, probabilities = {}, value, outputs = {} } = first ?? {};
  const columns: Column[] = [{ title: "prediction_id", cell: (row) => row.prediction_id ?? "" }];
  if (label !== undefined) {
    columns.push({ title: "predicted_label", cell: (row) => row.label ?? "" });
  }
  for (const name of Object.keys(probabilities)) {
    columns.push({
      title: `probability_${name}`,
      cell: (row) => written(row.probabilities?.[name]),
    });
  }
  if (value !== undefined) {
    columns.push({ title: "predicted_value", cell: (row) => written(row.value) });
  }
  for (const name of Object.keys(outputs)) {
    columns.push({ title: `output_${name}`, cell: (row) => written(row.outputs?.[name]) });
  }
  columns.push({ title: "error", cell: errorOf });
  return columns;
}

function written(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** RFC 4180. */
const record = (cells: readonly string[]): string =>
  `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
