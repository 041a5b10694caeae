import type * as z from "zod/mini";
import { didYouMean } from "./nearest-name.ts";
import { wordIssue } from "./word-issue.ts";

/**
 * As `wordIssue`, of what a caller sends: says of a field that is not there that it is missing, and
 * of one that nobody knows which was meant, or which there are.
 */
export function tellIssue(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys") {
    const known = fieldsOf(issue.inst);
    return issue.keys.map((key) => unknownField(key, known)).join("; ");
  }
  const told = wordIssue(issue);
  if (issue.code === "invalid_type" && issue.input === undefined) {
    return told === undefined ? "is missing" : `is missing: ${told.replace(/, got nothing$/, "")}`;
  }
  return told;
}

/** What is wrong with a name that none of the known ones is. */
export function unknownField(name: string, known: readonly string[]): string {
  const shown = name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name;
  const near = didYouMean(name, known) || (known.length === 0 ? "" : `: it is ${oneOf(known)}`);
  return `'${shown}' is not known here${near}`;
}

const MAX_SHOWN = 60;

const oneOf = (names: readonly string[]): string =>
  names.length === 1 ? String(names[0]) : `one of ${names.join(", ")}`;

/** The fields of a schema of an object. */
function fieldsOf(schema: unknown): readonly string[] {
  const { shape } =
    (schema as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def ?? {};
  return Object.keys(shape ?? {});
}
