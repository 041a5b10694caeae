import { findInexactNumber } from "../core/model/inexact-number.ts";
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
