import { distance } from "fastest-levenshtein";
import { listNames } from "./list-names.ts";

// The distance costs the product of both lengths: nobody is to buy seconds with long names.
const MAX_LENGTH = 100;
const MAX_NAMES = 1_000;

/** The known name that somebody most likely meant, by Levenshtein distance; `undefined` when none is near. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const folded = written.toLowerCase();
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(written.length / 3)) + 1;
  for (const name of known.slice(0, MAX_NAMES)) {
    if (name.length > MAX_LENGTH) continue;
    const far = distance(folded, name.toLowerCase());
    if (far < least) {
      least = far;
      nearest = name;
    }
  }
  return nearest;
}

/** As the end of a message: `; did you mean 'age'?`, or nothing. */
export function didYouMean(written: string, known: readonly string[]): string {
  const nearest = nearestName(written, known);
  return nearest === undefined ? "" : `; did you mean '${nearest}'?`;
}

/** The names that are none of the known ones; a caller may give a hundred thousand. */
export function namesWithout(given: readonly string[], known: readonly string[]): string[] {
  const among = new Set(known);
  return given.filter((name) => !among.has(name));
}

const SHOWN = 10;

/** What is wrong with a name that is none of the model's features: the nearest one, or what they are. */
export const notAFeature = (written: string, features: readonly string[]): string => {
  const near = didYouMean(written, features) || `; its features are ${listNames(features, SHOWN)}`;
  return `is not a feature of the model${near}`;
};
