import { distance } from "fastest-levenshtein";

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
