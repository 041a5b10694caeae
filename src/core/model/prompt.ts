/** A place in a prompt that is filled with each question. */
export type PromptPlace =
  | { readonly kind: "inputs" }
  | { readonly kind: "outputs" }
  | { readonly kind: "input"; readonly name: string };

const PLACE = /\{\{\s*(?:(inputs|outputs)|input\s+([^{}]*[^{}\s]))\s*\}\}/g;

/** Looks like a place and is none. */
const STRAY = /\{\{\s*\w+\s*\}\}/;

/** Cuts a prompt into its words and its places, in their order: `{{input NAME}}`, `{{inputs}}`, `{{outputs}}`. */
export function splitPrompt(prompt: string): readonly (string | PromptPlace)[] {
  const parts: (string | PromptPlace)[] = [];
  let at = 0;
  for (const match of prompt.matchAll(PLACE)) {
    const [whole, word, name = ""] = match;
    parts.push(prompt.slice(at, match.index));
    parts.push(word === "inputs" || word === "outputs" ? { kind: word } : { kind: "input", name });
    at = match.index + whole.length;
  }
  parts.push(prompt.slice(at));
  return parts;
}

/** What in a prompt looks like a place and is none, such as `{{input}}`; `undefined`: nothing. */
export const strayPlace = (prompt: string): string | undefined =>
  splitPrompt(prompt)
    .map((part) => (typeof part === "string" ? STRAY.exec(part)?.[0] : undefined))
    .find((stray) => stray !== undefined);
