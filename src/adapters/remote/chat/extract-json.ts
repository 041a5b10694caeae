import { isObject } from "../../../core/model/is-object.ts";
import { type JsonFor, parseJson } from "../json.ts";

/** How much of a text is gone through in search of closing braces: braces alone must not cost their square. */
const MAX_SEARCHED_CHARACTERS = 4_000_000;
/** What looking at a brace costs besides, in characters. */
const PER_BRACE = 100;

const FENCE = /```[^\n`]*\n?([\s\S]*?)```/g;
const THOUGHT_END = "</think>";

/**
 * Finds the JSON object that a model answered: the whole text, or the first in Markdown fences,
 * or the first that stands in prose. What a model thought aloud before `</think>` does not count.
 * @returns `undefined` when there is none
 */
export function extractJson(text: string): JsonFor | undefined {
  const thoughtEnd = text.lastIndexOf(THOUGHT_END);
  const said = thoughtEnd < 0 ? text : text.slice(thoughtEnd + THOUGHT_END.length);
  return objectIn(said) ?? fenced(said) ?? inProse(said);
}

function objectIn(text: string): JsonFor | undefined {
  const json = parseJson(text);
  return isObject(json?.("BYTES")) ? json : undefined;
}

function fenced(text: string): JsonFor | undefined {
  for (const [, inside = ""] of text.matchAll(FENCE)) {
    const json = objectIn(inside);
    if (json !== undefined) return json;
  }
  return undefined;
}

function inProse(text: string): JsonFor | undefined {
  let start = text.indexOf("{");
  for (let left = MAX_SEARCHED_CHARACTERS; start >= 0 && left > 0; ) {
    const end = closingBrace(text, start);
    left -= (end < 0 ? text.length : end) - start + PER_BRACE;
    const json = end < 0 ? undefined : objectIn(text.slice(start, end + 1));
    if (json !== undefined) return json;
    start = text.indexOf("{", start + 1);
  }
  return undefined;
}

/** Index of the brace that closes the one at `start`, those in strings left out; -1 when nothing does. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  let isString = false;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (isString) {
      if (char === "\\") at += 1;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === "{") depth += 1;
    else if (char === "}") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
