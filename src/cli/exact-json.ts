import { z } from "zod";
import { findInexactNumber, parseKeeping, whyInexact } from "../core/model/inexact-number.ts";
import { usageFailure } from "./failure.ts";

/**
 * Refuses JSON with numbers that reading it turned into other ones.
 * @param what what a message calls it: a file, an option
 * @throws CliFailure
 */
export function refuseInexact(text: string, what: string): void {
  const inexact = findInexactNumber(text);
  if (inexact === undefined) return;
  const { path, message } = inexact;
  throw usageFailure(`${path === "" ? what : `${what}: ${path}`} ${message}`);
}

/** What `JSON.stringify` writes as these digits: no number of JavaScript has them all. */
export interface ExactNumber {
  readonly rawJSON: string;
}

/** Since Node 22; without them large numbers lose their last digits, as everywhere in JavaScript. */
const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  readonly rawJSON?: (text: string) => ExactNumber;
  readonly isRawJSON?: (value: unknown) => boolean;
};

const keep = (written: string): ExactNumber | number => rawJSON?.(written) ?? Number(written);

export const isExactNumber = (value: unknown): value is ExactNumber => isRawJSON?.(value) === true;

/** A number of the server's, whichever digits it has. */
export const anyNumber = z.union([z.number(), z.custom<ExactNumber>(isExactNumber)]);

/** Parses JSON so that numbers past 2^53 are written, and sent, as they came. Throws for what is none. */
export const parseExact = (text: string): unknown => parseKeeping(text, keep);

/** As `parseExact`; `undefined` for what is no JSON. */
export function parseExactOrUndefined(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

/** A number as it is written, in a cell of a table say; `NaN` for what is none. */
export const exactNumber = (written: string): ExactNumber | number =>
  /^-?\d+$/.test(written) && whyInexact(written) !== undefined
    ? keep(written.replace(/^(-?)0+(?=\d)/, "$1"))
    : Number(written);
