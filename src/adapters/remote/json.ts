import type { Datatype } from "../../core/model/datatype.ts";

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

// Not in TypeScript's ES2022: the text that a number was read from (ECMAScript, "JSON.parse source text access").
const parse = JSON.parse as (text: string, reviver?: Reviver) => unknown;

/** A JSON text as it is to be read for an output of a datatype. */
export type JsonFor = (datatype: Datatype) => unknown;

/**
 * Parses JSON; `undefined` for what is none. For 64-bit integers, whole numbers past 2^53, whose
 * digits a number would lose, are strings of all their digits. The parser's own message is
 * dropped: it repeats what it read.
 */
export function parseJson(text: string): JsonFor | undefined {
  const plain = parsed(text);
  if (plain === undefined) return undefined;
  let exact: unknown;
  return (datatype) => {
    if (datatype !== "INT64" && datatype !== "UINT64") return plain;
    exact ??= parsed(text, keepDigits);
    return exact;
  };
}

function parsed(text: string, reviver?: Reviver): unknown {
  try {
    return parse(text, reviver);
  } catch {
    return undefined;
  }
}

const WHOLE = /^-?\d+$/;

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && WHOLE.test(source) ? source : value;
}
