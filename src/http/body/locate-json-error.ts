/** Where text stops being JSON (RFC 8259), and what would have been right there. */
export interface JsonErrorSpot {
  /** Index into the text, in UTF-16 units; the text's length when it ends too early. */
  readonly offset: number;
  readonly expected: string;
}

type State = "value" | "first element" | "key" | "first key" | "colon" | "after value";

const EXPECTED: Readonly<Record<State, string>> = {
  value: "a value",
  "first element": "a value or ']'",
  key: "a key in double quotes",
  "first key": "a key in double quotes or '}'",
  colon: "':'",
  "after value": "the end",
};

/**
 * Finds the first syntax error. For the message only, after `JSON.parse` refused:
 * engines name no position for most errors. Linear time, no recursion.
 * @returns `undefined` when the text is JSON after all
 */
export function locateJsonError(text: string): JsonErrorSpot | undefined {
  const closers: string[] = [];
  let state: State = "value";
  let at = skipSpace(text, 0);
  while (at < text.length || state !== "after value" || closers.length > 0) {
    const next = structural(state, text[at] ?? "", closers);
    const end = next === undefined ? endOfScalar(state, text, at, closers) : at + 1;
    if (typeof end !== "number") return end;
    const wasKey: boolean = state === "key" || state === "first key";
    state = next ?? (wasKey ? "colon" : "after value");
    at = skipSpace(text, end);
  }
  return undefined;
}

/** The state after a structural character; `undefined` when none stands here, or not a fitting one. */
function structural(state: State, char: string, closers: string[]): State | undefined {
  const isValue = state === "value" || state === "first element";
  const mayClose = state === "first element" || state === "first key" || state === "after value";
  if (mayClose && char !== "" && char === closers.at(-1)) {
    closers.pop();
    return "after value";
  }
  if (isValue && char === "[") {
    closers.push("]");
    return "first element";
  }
  if (isValue && char === "{") {
    closers.push("}");
    return "first key";
  }
  if (state === "colon" && char === ":") return "value";
  if (state !== "after value" || char !== ",") return undefined;
  const closer = closers.at(-1);
  return closer === undefined ? undefined : closer === "]" ? "value" : "key";
}

/** Index past the string, number or literal at `at`; where it goes wrong when there is none, or none may be. */
function endOfScalar(
  state: State,
  text: string,
  at: number,
  closers: readonly string[],
): number | JsonErrorSpot {
  const isQuote = text[at] === '"';
  const isValue = state === "value" || state === "first element";
  const isKey = state === "key" || state === "first key";
  if (isQuote && (isValue || isKey)) return endOfString(text, at);
  const closer = closers.at(-1);
  const inside = state === "after value" && closer !== undefined;
  const expected = inside ? `',' or '${closer}'` : EXPECTED[state];
  return isValue ? endOfWord(text, at, expected) : { offset: at, expected };
}

const SPACE = /[ \t\n\r]*/y;
const WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function endOfWord(text: string, at: number, expected: string): number | JsonErrorSpot {
  WORD.lastIndex = at;
  if (WORD.test(text)) return WORD.lastIndex;
  const isNan = /[+-]?(?:nan|inf)/iy;
  isNan.lastIndex = at;
  const hint = ' (JSON has no NaN and no infinities: send "NaN", "Infinity" or "-Infinity")';
  return { offset: at, expected: isNan.test(text) ? expected + hint : expected };
}

function endOfString(text: string, open: number): number | JsonErrorSpot {
  for (let at = open + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') return at + 1;
    if (char === "\\") {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) return { offset: at, expected: "an escape of JSON" };
      at = ESCAPE.lastIndex - 1;
    } else if (char !== undefined && char < " ") {
      return { offset: at, expected: "an escape instead of a control character" };
    }
  }
  return { offset: text.length, expected: "'\"'" };
}
