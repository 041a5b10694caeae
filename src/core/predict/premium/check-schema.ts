import { dereference, type Schema } from "@cfworker/json-schema";
import * as z from "zod/mini";
import { isObject } from "../../model/is-object.ts";
import { compilePattern, MAX_PATTERN_STEPS, patternsIn } from "./answer-patterns.ts";
import { breachOf } from "./answer-schema.ts";
import { countRules, MAX_RULES } from "./count-rules.ts";

/** A place in a schema that is wrong, as keys joined by dots; empty for the schema itself. */
export interface SchemaProblem {
  readonly path: string;
  readonly message: string;
}

const types = z.enum(["array", "boolean", "integer", "null", "number", "object", "string"]);
const number = z.number();
const count = z.int().check(z.minimum(0));
const words = z.array(z.string());

const PATTERN = `must be a regular expression of ECMAScript with the flag u, without look-around and back-references, of up to ${MAX_PATTERN_STEPS} steps a character`;

/** What a keyword's value must be, where it is no schema itself, and how a message says that. */
const VALUES: Readonly<Record<string, readonly [z.ZodMiniType, string]>> = {
  $schema: [
    z.literal("https://json-schema.org/draft/2020-12/schema"),
    "must be https://json-schema.org/draft/2020-12/schema",
  ],
  $ref: [z.string().check(z.regex(/^#/)), "must begin with '#': nothing is fetched"],
  type: [z.union([types, z.array(types).check(z.minLength(1))]), "must be a JSON type or several"],
  enum: [z.array(z.unknown()), "must be an array"],
  required: [words, "must be an array of names"],
  dependentRequired: [z.record(z.string(), words), "must be arrays of names by name"],
  multipleOf: [z.number().check(z.gt(0)), "must be a number above 0"],
  pattern: [z.string().check(z.refine((text) => compilePattern(text) !== undefined)), PATTERN],
  format: [z.string(), "must be a string"],
  uniqueItems: [z.boolean(), "must be true or false"],
  ...same(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], number, "a number"),
  ...same(
    [
      ...["minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"],
      ...["minProperties", "maxProperties"],
    ],
    count,
    "a whole number from 0",
  ),
};

const ONE = new Set([
  ...["items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"],
  ...["unevaluatedItems", "unevaluatedProperties"],
]);
const LIST = new Set(["prefixItems", "allOf", "anyOf", "oneOf"]);
const MAP = new Set(["properties", "patternProperties", "dependentSchemas", "$defs"]);

/**
 * What is wrong with a JSON Schema of draft 2020-12: keywords with a value they cannot have,
 * references to nothing, references that never end or multiply, patterns that could not be tried
 * in linear time. Keywords that the draft has not are left alone, as the draft says.
 */
export function checkSchema(schema: Readonly<Record<string, unknown>>): readonly SchemaProblem[] {
  const own = JSON.parse(JSON.stringify(schema)) as Schema;
  const wrong = problemsIn(own, "");
  if (wrong.length > 0) return wrong;
  let known: Readonly<Record<string, unknown>>;
  try {
    known = dereference(own);
  } catch {
    return [{ path: "", message: "has an $id or an $anchor twice, or one that is no URI" }];
  }
  try {
    patternsIn(schema);
  } catch {
    const message = `has patterns that take more than ${MAX_PATTERN_STEPS} steps a character together, or one where no schema stands that is none`;
    return [{ path: "", message }];
  }
  const lost = problemsIn(own, "", known);
  if (lost.length > 0) return lost;
  if (countRules(own, known) > MAX_RULES) {
    const message = `comes to more than ${MAX_RULES} schemas for one value, references followed`;
    return [{ path: "", message }];
  }
  // Tried on an answer without outputs, which is the only one that every schema can be tried on.
  const isEndless = breachOf(schema, []) === "the schema cannot be applied";
  return isEndless ? [{ path: "", message: "refers to itself without end" }] : [];
}

/** @param known the schemas that references may lead to; left out, references are not followed */
function problemsIn(
  node: unknown,
  path: string,
  known?: Readonly<Record<string, unknown>>,
): readonly SchemaProblem[] {
  if (typeof node === "boolean") return [];
  if (!isObject(node)) return [{ path, message: "must be a schema: an object, true or false" }];
  const target = node.__absolute_ref__;
  if (known !== undefined && typeof target === "string" && known[target] === undefined) {
    return [{ path: below(path, "$ref"), message: "refers to nothing in the schema" }];
  }
  return Object.entries(node).flatMap(([keyword, value]) =>
    keywordProblems(keyword, value, below(path, keyword), known),
  );
}

function keywordProblems(
  keyword: string,
  value: unknown,
  path: string,
  known: Readonly<Record<string, unknown>> | undefined,
): readonly SchemaProblem[] {
  if (ONE.has(keyword)) return problemsIn(value, path, known);
  if (LIST.has(keyword)) {
    if (!Array.isArray(value)) return [{ path, message: "must be an array of schemas" }];
    return value.flatMap((node, index) => problemsIn(node, below(path, index), known));
  }
  if (MAP.has(keyword)) {
    if (!isObject(value)) return [{ path, message: "must be schemas by name" }];
    return Object.entries(value).flatMap(([name, node]) =>
      keyword === "patternProperties" && compilePattern(name) === undefined
        ? [{ path: below(path, name), message: PATTERN }]
        : problemsIn(node, below(path, name), known),
    );
  }
  const rule = Object.hasOwn(VALUES, keyword) ? VALUES[keyword] : undefined;
  if (rule === undefined || z.safeParse(rule[0], value).success) return [];
  return [{ path, message: rule[1] }];
}

const below = (path: string, step: string | number): string =>
  path === "" ? `${step}` : `${path}.${step}`;

function same(keywords: readonly string[], type: z.ZodMiniType, what: string) {
  return Object.fromEntries(
    keywords.map((keyword) => [keyword, [type, `must be ${what}`] as const]),
  );
}
