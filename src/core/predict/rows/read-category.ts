import type { Datatype } from "../../model/datatype.ts";
import { didYouMean } from "../../model/nearest-name.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { listNames } from "./list-names.ts";

/** A value that is none of a feature's categories. */
export interface NoCategory {
  readonly reason: "no_category";
  /** What it must be, for a message. */
  readonly expected: string;
  /** The end of that message: what was meant, perhaps. */
  readonly near: string;
}

/** What a value of a feature with categories must be, for a message. */
export const oneOf = (categories: readonly string[]): string =>
  `one of ${listNames(categories, SHOWN)}`;

const SHOWN = 8;

/**
 * A category as the reader of its datatype takes it: as its text, or in numbers as its place in
 * the list. A value is the category that it is as text, whether it came as text, as a number or as
 * a truth: so a row is the same in JSON, in CSV and as an entity. A place is never taken for its
 * category: `1` would else be the second of `"1", "2", "3"`, and a cell of another column a colour.
 */
export function readCategory(
  datatype: Datatype,
  categories: readonly string[],
  value: unknown,
): Result<unknown, NoCategory> {
  const text = textOf(value);
  const place = text === undefined ? -1 : placeOfCategory(categories, text);
  if (place < 0) {
    const near = nearOf(categories, value, text);
    return fail({ reason: "no_category", expected: oneOf(categories), near });
  }
  if (datatype === "BYTES") return ok(categories[place]);
  return ok(datatype === "BOOL" ? place === 1 : place);
}

/** Whether text says one of the categories, as it is or with space around it. */
export const isCategory = (categories: readonly string[], text: string): boolean =>
  categories.includes(text) || categories.includes(text.trim());

/** Past 2^53 a number is not the one that was written any more. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  return typeof value === "number" && Number.isFinite(value) && !isInexact(value)
    ? String(value)
    : undefined;
}

const isInexact = (value: number): boolean =>
  Number.isInteger(value) && !Number.isSafeInteger(value);

/**
 * The place of the category that `text` is, or -1: itself; without the space around it; as JSON
 * would write the number or truth that it says, `1` for the `1.0` of data frames; or the only one
 * that says the same in another way.
 */
function placeOfCategory(categories: readonly string[], text: string): number {
  const trimmed = text.trim();
  const meaning = meaningOf(trimmed);
  for (const written of [text, trimmed, meaning ?? trimmed]) {
    const place = categories.indexOf(written);
    if (place >= 0) return place;
  }
  return meaning === undefined ? -1 : placeOfOnly(categories, meaning);
}

function placeOfOnly(categories: readonly string[], meaning: string): number {
  const value = Number(meaning);
  const isTruth = Number.isNaN(value);
  // What a number says is cheap to ask, and there may be ten thousand categories.
  const [same, another] = categories.filter(
    (category) => (isTruth || Number(category) === value) && meaningOf(category) === meaning,
  );
  return same !== undefined && another === undefined ? categories.indexOf(same) : -1;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;
/** Digits that a number keeps, however it is written. */
const SAFE_DIGITS = 15;

/** One way to write a number or a truth; `undefined` for text that is neither. */
function meaningOf(text: string): string | undefined {
  const word = text.toLowerCase();
  if (word === "true" || word === "false") return word;
  if (!NUMBER.test(text)) return undefined;
  const digits = (text.split(/e/i)[0] ?? "").replace(/[^\d]/g, "");
  const value = Number(text);
  return digits.length <= SAFE_DIGITS && Number.isFinite(value) ? String(value) : undefined;
}

function nearOf(categories: readonly string[], value: unknown, text: string | undefined): string {
  if (typeof value === "number" && isInexact(value)) {
    return "; past 2^53 write it as text, since JSON numbers lose digits there";
  }
  if (text === undefined) return "";
  const meaning = meaningOf(text.trim());
  if (meaning === undefined) return didYouMean(text, categories);
  const place = Number(meaning);
  return Number.isInteger(place) && place >= 0 && place < categories.length
    ? "; a category is told by its text, not by its place"
    : "";
}
