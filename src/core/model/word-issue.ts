import type * as z from "zod/mini";

const EXPECTED: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a string",
};

/**
 * Says what is wrong with a value, where its schema does not say so itself; given to zod with each
 * check. The library's small form has no words until somebody loads its large one: without these
 * a fresh isolate says "Invalid input" of everything. Holds no value.
 */
export function wordIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${EXPECTED[issue.expected] ?? issue.expected}, got ${kindOf(issue.input)}`;
    case "too_small":
      return `${beOf(issue.origin)} ${issue.inclusive === true ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      return `${beOf(issue.origin)} ${issue.inclusive === true ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_format":
      return `must be written as a ${issue.format}`;
    case "invalid_key":
      return issue.issues[0]?.message;
    case "invalid_union":
      return "is none of what it may be";
    case "unrecognized_keys":
      return `has fields that nobody knows: ${issue.keys.join(", ")}`;
    default:
      return undefined;
  }
}

const beOf = (origin: string): string =>
  origin === "array" || origin === "string" ? "must have a length of" : "must be";

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number" && !Number.isInteger(value)) return "a fraction";
  return EXPECTED[typeof value] ?? typeof value;
}
