import { RE2JS } from "re2js";
import { isObject } from "../../model/is-object.ts";

/**
 * Patterns of a JSON Schema, in time that grows with their size and the text alone. The engine's own
 * regular expressions backtrack: `^(a+)+$` takes for ever on fifty letters, and nothing could stop
 * it. RE2 (https://github.com/google/re2/wiki/Syntax) does not, at the price of look-around and
 * back-references. What a pattern may cost is bounded by its size times the text that it is
 * tried on: a second or so at the worst.
 */

/** Steps a character: instructions of all patterns of a schema together. */
export const MAX_PATTERN_STEPS = 1_000;
/** Of all different texts of one answer together. */
export const MAX_TRIED_CHARACTERS = 32 * 1024;

export type Patterns = ReadonlyMap<string, RE2JS>;

/** A pattern that takes linear time; `undefined` for what is none, in ECMAScript or in RE2. */
export function compilePattern(text: string): RE2JS | undefined {
  try {
    // What only RE2 knows would be another pattern to everybody else.
    new RegExp(text, "u");
    const pattern = RE2JS.compile(RE2JS.translateRegExp(text));
    return pattern.programSize() <= MAX_PATTERN_STEPS ? pattern : undefined;
  } catch {
    return undefined;
  }
}

export const stepsOf = (patterns: Iterable<RE2JS>): number =>
  [...patterns].reduce((sum, pattern) => sum + pattern.programSize(), 0);

/** All patterns of a schema. @throws where one is none, or they are too large together */
export function patternsIn(schema: unknown): Patterns {
  const patterns = new Map<string, RE2JS>();
  for (const text of textsIn(schema)) {
    const pattern = compilePattern(text);
    if (pattern === undefined) throw new Error("a pattern that is none");
    patterns.set(text, pattern);
  }
  if (stepsOf(patterns.values()) > MAX_PATTERN_STEPS)
    throw new Error("patterns that are too large");
  return patterns;
}

/**
 * Wherever they stand, also where the draft knows no schema: a reference may lead there. What
 * `const` and `enum` hold may look like one, which does no harm: no answer has an object in it
 * whose `pattern` is text.
 */
function textsIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(textsIn);
  if (!isObject(node)) return [];
  const own = typeof node.pattern === "string" ? [node.pattern] : [];
  const { patternProperties } = node;
  const names = isObject(patternProperties) ? Object.keys(patternProperties) : [];
  return [...own, ...names, ...Object.values(node).flatMap(textsIn)];
}

/**
 * The schema for one answer, with each pattern in the place of which stands what it comes to on the
 * answer's own texts, literally, so that whoever applies it never tries the pattern itself.
 * @param texts all strings of the answer that a pattern may be tried on
 * @param names its outputs
 */
export function withoutPatterns(
  schema: object,
  patterns: Patterns,
  texts: readonly string[],
  names: readonly string[],
): object {
  const matches = (pattern: string, text: string) => patterns.get(pattern)?.test(text) === true;
  const settle = (pattern: string): string | undefined => {
    const wrong = texts.filter((text) => !matches(pattern, text));
    return wrong.length === 0 ? undefined : `^(?!${literally(wrong)}$)`;
  };
  const settleNames = (byPattern: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(byPattern).map(([pattern, node], place) => {
        const named = names.filter((name) => matches(pattern, name));
        // Two patterns that come to the same must not become one.
        const mark = "(?:)".repeat(place);
        return [named.length === 0 ? `${mark}(?!)` : `${mark}^${literally(named)}$`, node];
      }),
    );
  return JSON.parse(JSON.stringify(schema), (key, value) => {
    if (key === "pattern" && typeof value === "string") return settle(value);
    return key === "patternProperties" && isObject(value) ? settleNames(value) : value;
  });
}

const literally = (texts: readonly string[]): string =>
  `(?:${texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})`;
