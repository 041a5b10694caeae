import type { CacheWish } from "../core/predict/inference.ts";

/**
 * Reads a request's `Cache-Control` (RFC 9111, section 5.2.1). `no-store` outweighs `no-cache`;
 * `max-age=0` is what browsers send for a reload and means the latter. Other directives are let be.
 */
export function cacheWishOf(header: string | undefined): CacheWish {
  if (header === undefined) return "any";
  const directives = header.toLowerCase().split(",", MAX_DIRECTIVES);
  const names = directives.map((directive) => directive.replaceAll(/\s/g, ""));
  if (names.includes("no-store")) return "no-store";
  return names.some((name) => name === "no-cache" || /^max-age=0+$/.test(name))
    ? "no-cache"
    : "any";
}

const MAX_DIRECTIVES = 20;
