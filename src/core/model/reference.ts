import { fail, ok, type Result } from "./result.ts";

/** What picks a version of a model: a fixed number, or an alias that moves. */
export type Selector =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "alias"; readonly alias: string };

/** A parsed `iris`, `iris@3` or `iris@staging`. */
export interface Reference {
  readonly model: string;
  readonly selector: Selector;
}

export interface BadReference {
  readonly reason: "bad_reference";
  readonly detail: string;
}

const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const VERSION = /^[1-9][0-9]{0,15}$/;
const ALIAS = /^[a-z][a-z0-9_-]{0,31}$/;

/** The alias that a bare model name stands for. */
export const PRODUCTION = "production";

export const isModelName = (text: string): boolean => MODEL_NAME.test(text);
export const isVersion = (text: string): boolean => VERSION.test(text);
export const isAlias = (text: string): boolean => ALIAS.test(text);

const LIVE: Selector = { kind: "alias", alias: PRODUCTION };

/** Parses a model's name and an optional version or alias; bare means `production`. */
export function parseReference(model: string, selector?: string): Result<Reference, BadReference> {
  if (!isModelName(model)) {
    return bad(
      `'${clip(model)}' is not a model name: a letter or digit, then up to 127 letters, digits, '.', '_' or '-'`,
    );
  }
  if (selector === undefined) return ok({ model, selector: LIVE });
  if (isVersion(selector)) return ok({ model, selector: { kind: "version", version: selector } });
  if (isAlias(selector)) return ok({ model, selector: { kind: "alias", alias: selector } });
  return bad(
    `'${clip(selector)}' is neither a version (a whole number from 1) nor an alias (a lower-case letter, then up to 31 of a-z, 0-9, '_' or '-')`,
  );
}

/** Parses `model` or `model@selector` from one word. */
export function parseReferenceWord(word: string): Result<Reference, BadReference> {
  const at = word.indexOf("@");
  return at < 0 ? parseReference(word) : parseReference(word.slice(0, at), word.slice(at + 1));
}

/** Writes a reference as its one word, the alias always spelled out. */
export const formatReference = ({ model, selector }: Reference): string =>
  `${model}@${selector.kind === "version" ? selector.version : selector.alias}`;

const bad = (detail: string) => fail({ reason: "bad_reference", detail });

// A caller's text goes into a message: shortened, so a message stays a line.
const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
