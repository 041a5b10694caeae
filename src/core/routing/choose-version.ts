import type { Route } from "../model/deployment.ts";

/**
 * Picks the version of a route for a routing key: the same key and weights give
 * the same version in every isolate. A single version takes no hash.
 *
 * Versions are laid on 0..99 in numeric order by weight; the key's bucket decides.
 * Without a key, `random` (0 ≤ r < 1) takes its place.
 */
export function chooseVersion(route: Route, key: string | undefined, random: () => number): string {
  const shares = Object.entries(route.weights).filter(([, share]) => share > 0);
  const only = shares.length === 1 ? shares[0] : undefined;
  if (only !== undefined) return only[0];
  shares.sort(([a], [b]) => Number(a) - Number(b));
  const bucket = key === undefined ? Math.floor(random() * 100) : fnv1a(key) % 100;
  let edge = 0;
  for (const [version, share] of shares) {
    edge += share;
    if (bucket < edge) return version;
  }
  throw new Error("a route's weights sum to 100");
}

/** FNV-1a, 32 bits, over UTF-16 code units, then mixed: it spreads, it need not resist anyone. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
