import * as z from "zod/mini";
import { formatReference, isModelName, parseReferenceWord } from "./reference.ts";

export const MAX_BUNDLE_REFERENCES = 50;

/** A bundle is called as a model may be called. */
export const isBundleName = isModelName;

const reference = z
  .string()
  .check(
    z.refine(
      (word) => parseReferenceWord(word).ok,
      "not a reference: NAME, NAME@VERSION or NAME@ALIAS",
    ),
  );

const references = z
  .array(reference)
  .check(
    z.minLength(1, "must name a model"),
    z.maxLength(MAX_BUNDLE_REFERENCES, `may name ${MAX_BUNDLE_REFERENCES} at most`),
    z.refine(hasNoneTwice, "names the same twice: a bare name is the same as NAME@production"),
  );

/** What a caller may put into a bundle. */
const told = {
  /** `iris`, `iris@3`, `iris@staging`; answered and reported in this order. */
  references,
  description: z.optional(z.string().check(z.maxLength(10_000))),
  /** The minute's cron loads all of it before anybody asks. */
  warm: z.optional(z.boolean()),
};

const name = z.string().check(z.refine(isBundleName, "not a bundle name"));
const rev = z.int().check(z.minimum(0));

/** `bundles/{name}.json`: a set of models that are loaded, warmed and asked together. Changed only by compare-and-swap. */
export const bundleSchema = z.object({ name, ...told, rev });

/** The body of a PUT: strict, as a misspelt field would be lost. `name` and `rev` may come back as they were read. */
export const bundleDraftSchema = z.strictObject({
  name: z.optional(name),
  ...told,
  rev: z.optional(rev),
});

export type Bundle = z.output<typeof bundleSchema>;

/** What a bundle says, without what the registry adds. */
export type BundleDraft = Pick<Bundle, "references" | "description" | "warm">;

function hasNoneTwice(words: readonly string[]): boolean {
  const written = words.map((word) => {
    const parsed = parseReferenceWord(word);
    return parsed.ok ? formatReference(parsed.value) : word;
  });
  return new Set(written).size === written.length;
}
