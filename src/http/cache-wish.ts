import type { CacheWish } from "../core/predict/inference.ts";

/**
 * Reads a request's `Cache-Control` (RFC 9111, section 5.2.1). `no-store` outweighs `no-cache`,
 * which outweighs the rest; `max-age=0` is what browsers send for a reload and means the latter.
 * Other directives, and values that are no whole number of seconds, are let be.
 */
export function cacheWishOf(header: string | undefined): CacheWish {
  if (header === undefined) return "any";
  const directives = header.toLowerCase().split(",", MAX_DIRECTIVES);
  const names = directives.map((directive) => directive.replaceAll(/\s/g, ""));
  if (names.includes("no-store")) return "no-store";
  const maxAgeS = secondsOf(names, "max-age");
  if (names.includes("no-cache") || maxAgeS === 0) return "no-cache";
  const minFreshS = secondsOf(names, "min-fresh");
  if (maxAgeS === undefined && minFreshS === undefined) return "any";
  return { maxAgeS: maxAgeS ?? Number.POSITIVE_INFINITY, minFreshS: minFreshS ?? 0 };
}

const MAX_DIRECTIVES = 20;

/** Some write the number in quotes, which is to be understood (RFC 9111, section 5.2). */
function secondsOf(names: readonly string[], directive: string): number | undefined {
  const values = names.flatMap((name) => {
    const digits = name.startsWith(`${directive}=`)
      ? /^"?(\d+)"?$/.exec(name.slice(directive.length + 1))?.[1]
      : undefined;
    return digits === undefined ? [] : [Number(digits)];
  });
  return values[0];
}
