import { InvalidArgumentError, Option } from "commander";
import { parseReferenceWord, type Reference } from "../core/model/reference.ts";
import { usageFailure } from "./failure.ts";

/** Parsers of arguments and options; what they throw is told as a usage error. */

export function readWhole(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number from 1.");
}

/** `--format`, the form of what has no name that says it. */
export const formatOption = (of: string, forms = ["csv", "json", "ndjson"]): Option =>
  new Option("--format <form>", `${forms.join(", ")}: the form ${of}`).choices(forms);

/** `k=v`, given once or more. */
export function readTag(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("Write it as key=value.");
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** `1=90,2=10`: shares by version. */
export function readWeights(text: string): Readonly<Record<string, number>> {
  const pairs = text.split(",").map((pair) => /^\s*([1-9]\d*)=(\d{1,3})\s*$/.exec(pair));
  const shares = pairs.map((pair) => [pair?.[1] ?? "", Number(pair?.[2])] as const);
  if (pairs.includes(null)) throw new InvalidArgumentError("Write it as 1=90,2=10.");
  const sum = shares.reduce((total, [, share]) => total + share, 0);
  if (sum !== 100) throw new InvalidArgumentError(`The shares sum to ${sum}, not 100.`);
  return Object.fromEntries(shares);
}

/** `iris`, `iris@3` or `iris@staging`. @throws CliFailure */
export function readReference(word: string): Reference & { readonly isBare: boolean } {
  const reference = parseReferenceWord(word);
  if (reference.ok) return { ...reference.value, isBare: !word.includes("@") };
  throw usageFailure(reference.failure.detail);
}

/** `iris@3`, the number needed. @throws CliFailure */
export function readVersionReference(word: string): {
  readonly model: string;
  readonly version: string;
} {
  const { model, selector } = readReference(word);
  if (selector.kind === "version") return { model, version: selector.version };
  throw usageFailure(`'${word}' names no version`, `Write NAME@VERSION, such as ${model}@3.`);
}

export const selectorOf = ({ selector }: Reference): string =>
  selector.kind === "version" ? selector.version : selector.alias;

/** The path of a model, or of what lies below it. */
export const modelPath = (model: string, ...below: readonly string[]): string =>
  ["/v1/models", ...[model, ...below].map(encodeURIComponent)].join("/");
