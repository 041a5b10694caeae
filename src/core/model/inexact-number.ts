import { isObject } from "./is-object.ts";

/** A number that would be kept as another one. */
export interface InexactNumber {
  /** `features.b`, `0.payload.x`; empty where the whole text is the number. */
  readonly path: string;
  /** What is wrong with it, after its path, and what to do. */
  readonly message: string;
}

/** Sixteen digits in a row, or an exponent of three: only with these a number may be another one. */
const SUSPECT = /\d{16}|[eE]\+?0*\d{3}/;
const WHOLE = /^-?\d+$/;
const MAX_TOLD = 40;

/**
 * Whether a number as it is written in JSON is no float64 (RFC 8259, section 6): past its range, or
 * a whole number that would be written back with other digits. Fractions are rounded like everywhere. `undefined`: it is one.
 */
export function whyInexact(written: string): string | undefined {
  const value = Number(written);
  const told = written.length > MAX_TOLD ? `${written.slice(0, MAX_TOLD)}…` : written;
  if (!Number.isFinite(value)) {
    return `is ${told}, which is past what a number holds, some 1.8e308: write it as a string`;
  }
  if (!WHOLE.test(written) || Number.isSafeInteger(value)) return undefined;
  // What came out of here goes in again: the digits of a float64 are the fewest that mean it.
  if (written === String(value) || BigInt(written) === BigInt(value)) return undefined;
  return `is ${told}: past 2^53 write it as a string, since JSON numbers lose digits there`;
}

/**
 * The first number in a JSON text, by its end, that would be kept as another one. The text must be JSON.
 * Costs a second parsing where it has numbers that might be, else one look at each character.
 */
export function findInexactNumber(text: string): InexactNumber | undefined {
  if (!SUSPECT.test(text)) return undefined;
  let found: Marker | undefined;
  const marked: unknown = JSON.parse(text, function mark(_key, value: unknown, ...more: unknown[]) {
    if (found !== undefined || typeof value !== "number") return value;
    const message = whyInexact(sourceOf(more[0], value));
    if (message === undefined) return value;
    found = new Marker(message);
    return found;
  });
  if (found === undefined) return undefined;
  return { path: (pathTo(found, marked) ?? []).join("."), message: found.message };
}

/** Only behind these a whole number may be another one; digits of a fraction are rounded anyway. */
const MAYBE_INEXACT = /(?<![.\d])\d{16}|[eE]\+?0*\d{3}/;

/**
 * Parses JSON as `JSON.parse` does, and puts what `keep` makes of a number's digits in the place of
 * one that would be another one. An engine that does not tell the digits leaves such numbers as
 * they are. Costs a second parsing where there might be one. Throws what `JSON.parse` throws.
 */
export function parseKeeping(text: string, keep: (written: string) => unknown): unknown {
  if (!MAYBE_INEXACT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, ...more: unknown[]) => {
    if (typeof value !== "number") return value;
    const written = sourceOf(more[0], value);
    return whyInexact(written) === undefined ? value : keep(written);
  });
}

class Marker {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** As it is written (ECMA-262, JSON.parse source text access); what an engine does not tell is made from the value. */
const sourceOf = (context: unknown, value: number): string =>
  isObject(context) && typeof context.source === "string" ? context.source : String(value);

function pathTo(marker: Marker, value: unknown): readonly string[] | undefined {
  if (value === marker) return [];
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const path = pathTo(marker, inner);
    if (path !== undefined) return [key, ...path];
  }
  return undefined;
}
