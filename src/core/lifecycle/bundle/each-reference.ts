import type { Bundle } from "../../model/bundle.ts";
import type { Reference } from "../../model/reference.ts";
import { ok } from "../../model/result.ts";
import { inParallel } from "../in-parallel.ts";
import { referencesOf } from "./named-versions.ts";

/** Models asked at once: runs follow one another, loads may wait for the store. */
export const PARALLEL_MODELS = 4;

/** Does something with each model of a bundle, a few at once; in the bundle's order. */
export async function eachReference<T>(
  bundle: Bundle,
  work: (reference: Reference) => Promise<T>,
): Promise<readonly { readonly reference: string; readonly outcome: T }[]> {
  const done = await inParallel(
    referencesOf(bundle),
    async (reference) => ok(await work(reference)),
    PARALLEL_MODELS,
  );
  if (!done.ok) throw new Error("a model's failure is an outcome");
  return done.value.map((outcome, index) => ({
    reference: bundle.references[index] ?? "",
    outcome,
  }));
}
