import { didYouMean } from "../../model/nearest-name.ts";
import { listNames } from "./list-names.ts";

/** The names that are none of the known ones; a caller may give a hundred thousand. */
export function namesWithout(given: readonly string[], known: readonly string[]): string[] {
  const among = new Set(known);
  return given.filter((name) => !among.has(name));
}

const SHOWN = 10;

/** Whose features are asked for. */
export type FeatureOwner = "model" | "bundle";

const OF: Readonly<Record<FeatureOwner, readonly [string, string]>> = {
  model: ["the model", "its features are"],
  bundle: ["any model of the bundle", "their features are"],
};

/** What is wrong with a name that is none of the model's features: the nearest one, or what they are. */
export const notAFeature = (
  written: string,
  features: readonly string[],
  owner: FeatureOwner = "model",
): string => {
  const [whose, theirs] = OF[owner];
  const near = didYouMean(written, features) || `; ${theirs} ${listNames(features, SHOWN)}`;
  return `is not a feature of ${whose}${near}`;
};
