import { ok, type Result } from "../../model/result.ts";
import { isCategory, type NoCategory, readCategory } from "./read-category.ts";
import type { Feature } from "./row-plan.ts";

/**
 * A feature's value as the reader of its datatype takes it: a category as itself or as its
 * place, text of a CSV cell as what it says.
 * @param isText whether text may stand for numbers, as in CSV
 */
export function readCell(
  feature: Feature,
  value: unknown,
  isText: boolean,
): Result<unknown, NoCategory> {
  const { datatype, categories } = feature;
  if (categories !== undefined) return readCategory(datatype, categories, value);
  return ok(isText && typeof value === "string" ? readText(datatype, value) : value);
}

/**
 * Whether a value counts as none: `null`, and in CSV an empty cell, unless emptiness is a text or
 * a category of the feature.
 */
export function isEmptyCell(
  { datatype, categories }: Feature,
  value: unknown,
  isText: boolean,
): boolean {
  if (!isText || typeof value !== "string" || value.trim() !== "") return value === null;
  return categories === undefined ? datatype !== "BYTES" : !isCategory(categories, value);
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const WORDS: Readonly<Record<string, string>> = {
  nan: "NaN",
  inf: "Infinity",
  "+inf": "Infinity",
  "-inf": "-Infinity",
  infinity: "Infinity",
  "-infinity": "-Infinity",
};

/** What a CSV cell says; text that says nothing of the sort stays as it is, and is refused as such. */
function readText(datatype: Feature["datatype"], text: string): unknown {
  if (datatype === "BYTES") return text;
  const trimmed = text.trim();
  if (datatype === "BOOL") return readBoolean(trimmed);
  // Past 2^53 a number loses digits: the reader of these takes text.
  if (datatype === "INT64" || datatype === "UINT64") return wholeOf(trimmed);
  if (DECIMAL.test(trimmed)) return Number(trimmed);
  const word = trimmed.toLowerCase();
  return Object.hasOwn(WORDS, word) ? WORDS[word] : trimmed;
}

/** `5.0` is a whole number as spreadsheets and data frames write one. */
const wholeOf = (text: string): string => text.replace(/^\+/, "").replace(/\.0*$/, "");

function readBoolean(text: string): unknown {
  const word = text.toLowerCase();
  if (word === "true" || word === "1") return true;
  return word === "false" || word === "0" ? false : text;
}
