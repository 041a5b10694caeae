import { type Schema, Validator } from "@cfworker/json-schema";
import { halfToNumber } from "../../model/half.ts";
import type { Tensor } from "../../model/tensor.ts";
import {
  MAX_TRIED_CHARACTERS,
  type Patterns,
  patternsIn,
  withoutPatterns,
} from "./answer-patterns.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

type Instance = Readonly<Record<string, readonly unknown[]>>;

interface Compiled {
  readonly patterns: Patterns;
  /** Where there is no pattern it is the same for every answer. */
  readonly validator: Validator | undefined;
}

const compiled = new WeakMap<JsonSchema, Compiled>();

/**
 * What of a JSON Schema an answer breaks, in one line without its elements; `undefined`: nothing.
 * A schema is compiled once, for as long as its deployment is the same; one with patterns anew for
 * each answer. No code is made of it.
 */
export function breachOf(schema: JsonSchema, tensors: readonly Tensor[]): string | undefined {
  const instance = Object.fromEntries(tensors.map((tensor) => [tensor.name, elementsOf(tensor)]));
  try {
    const { patterns, validator } = compiled.get(schema) ?? compile(schema);
    const texts = patterns.size === 0 ? [] : textsOf(instance);
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    if (characters > MAX_TRIED_CHARACTERS) {
      return `there are ${characters} characters of text, patterns are tried on ${MAX_TRIED_CHARACTERS}`;
    }
    const { valid, errors } = (
      validator ?? validatorOf(withoutPatterns(schema, patterns, texts, Object.keys(instance)))
    ).validate(instance);
    // The last one is the innermost: the others say that something below them is wrong.
    const inner = errors.at(-1);
    return valid ? undefined : `${inner?.instanceLocation} breaks ${inner?.keywordLocation}`;
  } catch {
    // A reference to nothing, or to itself; a pattern that is none.
    return "the schema cannot be applied";
  }
}

function compile(schema: JsonSchema): Compiled {
  const patterns = patternsIn(schema);
  const made = { patterns, validator: patterns.size === 0 ? validatorOf(schema) : undefined };
  compiled.set(schema, made);
  return made;
}

/** The library writes into what it is given. */
const validatorOf = (schema: object): Validator =>
  new Validator(JSON.parse(JSON.stringify(schema)) as Schema, "2020-12");

/** What a pattern may be tried on, each once: elements that are text, and the outputs' names. */
const textsOf = (instance: Instance): readonly string[] => [
  ...new Set(
    [...Object.keys(instance), ...Object.values(instance).flat()].filter(
      (element) => typeof element === "string",
    ),
  ),
];

/** A tensor's elements as JSON has them: whole numbers past 2^53 as strings of all their digits. */
function elementsOf({ datatype, data }: Tensor): readonly unknown[] {
  switch (datatype) {
    case "BYTES":
      return data;
    case "BOOL":
      return Array.from(data, (byte) => byte !== 0);
    case "FP16":
      return Array.from(data, halfToNumber);
    case "INT64":
    case "UINT64":
      return Array.from(data, (big) =>
        Number.isSafeInteger(Number(big)) ? Number(big) : `${big}`,
      );
    default:
      return Array.from(data);
  }
}
