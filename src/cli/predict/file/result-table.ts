import type { Result } from "./result.ts";

interface Waiting {
  readonly result: Result;
  readonly cells: readonly string[] | undefined;
}

/** Rows that failed wait for the first that did not: it says which columns there are. */
const MAX_WAITING = 1_000;

/**
 * Results as CSV: the row's own cells, then what the model says of it. Columns are those of the
 * first row that was answered.
 */
export class ResultTable {
  readonly #header: () => readonly string[] | undefined;
  #columns: readonly Column[] | undefined;
  #waiting: Waiting[] = [];

  constructor(header: () => readonly string[] | undefined) {
    this.#header = header;
  }

  /** The text that is to be written now. */
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
    const head = this.#columns === undefined ? this.#begin(rows) : "";
    return head + rows.map((row) => this.#write(row)).join("");
  }

  #begin(rows: readonly Waiting[]): string {
    const columns = columnsOf(rows.find(({ result }) => result.ok)?.result);
    this.#columns = columns;
    return record([...(this.#header() ?? []), ...columns.map(({ title }) => title)]);
  }

  #write({ result, cells = [] }: Waiting): string {
    const width = this.#header()?.length ?? 0;
    // A row of another length keeps what it has, under the header that there is.
    const own = Array.from({ length: width }, (_, at) => cells[at] ?? "");
    return record([...own, ...(this.#columns ?? []).map(({ cell }) => cell(result))]);
  }
}

interface Column {
  readonly title: string;
  readonly cell: (result: Result) => string;
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
  columns.push({ title: "error", cell: (row) => row.error?.detail ?? "" });
  return columns;
}

function written(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** RFC 4180. */
const record = (cells: readonly string[]): string =>
  `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\n`;
