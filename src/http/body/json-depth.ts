const STRUCTURE = /["[\]{}]/g;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/**
 * Tells whether JSON text nests more than `maxDepth` arrays and objects, before
 * anything parses it: depth costs a parser memory for every bracket. Text that is
 * not JSON gets some answer, in time linear in its length.
 */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  // Every level costs a character to open: short text and text of few brackets cannot be deep.
  return text.length > maxDepth && hasMoreOpeners(text, maxDepth) && climbsPast(text, maxDepth);
}

/** Counts opening brackets, those in strings included. Native search makes this cheap for a long flat tensor. */
function hasMoreOpeners(text: string, limit: number): boolean {
  let count = 0;
  for (const opener of ["[", "{"]) {
    for (let at = text.indexOf(opener); at >= 0; at = text.indexOf(opener, at + 1)) {
      count += 1;
      if (count > limit) return true;
    }
  }
  return false;
}

/** Follows the brackets outside strings, hopping over what lies between them. */
function climbsPast(text: string, maxDepth: number): boolean {
  let depth = 0;
  STRUCTURE.lastIndex = 0;
  while (STRUCTURE.test(text)) {
    const at = STRUCTURE.lastIndex - 1;
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = closingQuote(text, at);
      if (end < 0) return false;
      STRUCTURE.lastIndex = end + 1;
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else {
      depth -= 1;
    }
  }
  return false;
}

/** Index of the quote that ends the string opened at `open`; -1 when nothing does. */
function closingQuote(text: string, open: number): number {
  let end = text.indexOf('"', open + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** An odd run of backslashes before a character escapes it. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
  return (at - start) % 2 === 1;
}
