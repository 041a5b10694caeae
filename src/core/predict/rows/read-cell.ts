import { fail, ok, type Result } from "../../model/result.ts";
import { didYouMean } from "./nearest-name.ts";
import { clip } from "./row-error.ts";
import type { Feature } from "./row-plan.ts";

/** A value that is none of a feature's categories. */
interface NoCategory {
  readonly reason: "no_category";
  /** What it must be, for a message. */
  readonly expected: string;
  /** The end of that message: what was meant, perhaps. */
  readonly near: string;
}

type Cell = Result<unknown, NoCategory>;

/**
 * A feature's value as the reader of its datatype takes it: a category as itself or as its
 * place, text of a CSV cell as what it says.
 * @param isText whether text may stand for numbers, as in CSV
 */
export function readCell(feature: Feature, value: unknown, isText: boolean): Cell {
  const given = isText && typeof value === "string" ? readText(feature, value) : value;
  const { categories } = feature;
  return categories === undefined ? ok(given) : readCategory(feature, categories, given);
}

/** Whether a value counts as none: `null`, and in CSV an empty cell of a feature that is no text. */
export const isEmptyCell = (feature: Feature, value: unknown, isText: boolean): boolean =>
  value === null ||
  (isText && typeof value === "string" && feature.datatype !== "BYTES" && value.trim() === "");

function readCategory({ datatype }: Feature, categories: readonly string[], value: unknown): Cell {
  if (typeof value === "string") {
    const place = categories.indexOf(value);
    if (place < 0) return noCategory(listed(categories), didYouMean(value, categories));
    return ok(datatype === "BYTES" ? value : inNumbers(datatype, place));
  }
  if (datatype === "BYTES" || typeof value !== "number") return ok(value);
  const isPlace = Number.isInteger(value) && value >= 0 && value < categories.length;
  return isPlace
    ? ok(inNumbers(datatype, value))
    : noCategory(`${listed(categories)}, or its place from 0 to ${categories.length - 1}`, "");
}

const noCategory = (categories: string, near: string) =>
  fail({ reason: "no_category", expected: `one of ${categories}`, near });

const inNumbers = (datatype: Feature["datatype"], place: number): unknown =>
  datatype === "BOOL" ? place === 1 : place;

const SHOWN = 8;

const listed = (categories: readonly string[]): string => {
  const shown = categories.slice(0, SHOWN).map((category) => `'${clip(category)}'`);
  const more = categories.length - SHOWN;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
};

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
function readText({ datatype, categories }: Feature, text: string): unknown {
  if (datatype === "BYTES") return text;
  const trimmed = text.trim();
  if (categories?.includes(text) || categories?.includes(trimmed)) return trimmed;
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
