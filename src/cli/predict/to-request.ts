import { isExactNumber } from "../exact-json.ts";
import { usageFailure } from "../failure.ts";
import { formatSpec } from "../output/words.ts";
import type { Cell, Given, GivenRows } from "./read-input.ts";

interface Spec {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/**
 * Makes a request of the Open Inference Protocol: rows go into the model's only input,
 * `[rows, columns]`, row-major; named columns into inputs of those names.
 * @param features the columns that the model means, by name and in its order, where known
 * @throws CliFailure when the rows do not say which input they are for
 */
export function toRequest(
  given: Given,
  inputs: readonly Spec[],
  features: readonly string[],
): object {
  if ("inputs" in given) return given;
  const [only] = inputs;
  if (only !== undefined && inputs.length === 1) {
    return { inputs: [onlyInput(pickFeatures(given, features), only)] };
  }
  return { inputs: inputs.map((input) => namedInput(given, input, inputs)) };
}

/** A file may have more columns than the model, such as the label, and in another order. */
function pickFeatures(given: GivenRows, features: readonly string[]): GivenRows {
  const { rows, columns } = given;
  if (columns === undefined || features.length === 0) return given;
  const missing = features.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    throw usageFailure(
      `the rows lack ${missing.join(", ")}`,
      "The model's features are found by the names in the header.",
    );
  }
  const places = features.map((name) => columns.indexOf(name));
  return { rows: rows.map((row) => places.map((place) => cellAt(row, place))) };
}

function onlyInput({ rows }: GivenRows, { name, datatype, shape }: Spec): object {
  const width = rows[0]?.length ?? 0;
  const uneven = rows.findIndex((row) => row.length !== width);
  if (uneven >= 0) {
    throw usageFailure(
      `row ${uneven + 1} has ${rows[uneven]?.length} values, the first row has ${width}`,
    );
  }
  // A row of an image, say, comes flat: the model's own dimensions say how it is folded.
  const inner = shape.slice(1);
  const size = inner.reduce((product, length) => product * length, 1);
  const isFolded = inner.every((length) => length > 0) && size === width;
  const folded = isFolded ? [rows.length, ...inner] : [rows.length, width];
  return { name, datatype, shape: folded, data: sent(rows.flat(), datatype) };
}

function namedInput(given: GivenRows, input: Spec, inputs: readonly Spec[]): object {
  const place = given.columns?.indexOf(input.name) ?? -1;
  if (place < 0) {
    throw usageFailure(
      `the model takes ${inputs.map(formatSpec).join(" · ")}: name the columns after its inputs`,
      'Rows like [{"a": 1, "b": 2}], a CSV header, or a whole request {"inputs": [...]}.',
    );
  }
  const cells = given.rows.map((row) => cellAt(row, place));
  const data = sent(cells, input.datatype);
  const shape = [data.length, ...input.shape.slice(1).map(() => 1)];
  return { name: input.name, datatype: input.datatype, shape, data };
}

/** The server takes integers past 2^53 as text, since numbers of JSON lose digits there. */
const sent = (cells: readonly Cell[], datatype: string): readonly Cell[] =>
  datatype.endsWith("INT64")
    ? cells.map((cell) => (isExactNumber(cell) ? cell.rawJSON : cell))
    : cells;

const cellAt = (row: readonly Cell[], place: number): Cell => row[place] ?? "NaN";
