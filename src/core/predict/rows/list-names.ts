import { clip } from "./row-error.ts";

/** Names in a message, the first `shown` of them: `'red', 'green' and 3 more`. */
export function listNames(names: readonly string[], shown: number): string {
  const listed = names
    .slice(0, shown)
    .map((name) => `'${clip(name)}'`)
    .join(", ");
  const more = names.length - shown;
  return more > 0 ? `${listed} and ${more} more` : listed;
}
