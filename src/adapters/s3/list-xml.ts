import type { ListedObject, ObjectPage } from "../../core/ports/object-store.ts";

/**
 * Reads the answer of ListObjectsV2 asked for with `encoding-type=url`, in which
 * no key holds markup: the few elements wanted can be told apart by pattern
 * (workerd has no DOMParser). `undefined` when it is not such an answer.
 */
export function parseListing(xml: string, prefix: string): ObjectPage | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml) || !/<\/ListBucketResult>\s*$/.test(xml))
    return undefined;
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry = ""]) =>
    parseEntry(entry, prefix),
  );
  const prefixes = [...xml.matchAll(/<CommonPrefixes>\s*<Prefix>(.*?)<\/Prefix>/gs)].map(
    ([, text = ""]) => decodeKey(text).slice(prefix.length),
  );
  if (objects.includes(undefined)) return undefined;
  const token = textOf(xml, "NextContinuationToken");
  const isLast = textOf(xml, "IsTruncated") !== "true";
  // Taken for the last page, the rest would silently not exist.
  if (!isLast && token === undefined) return undefined;
  return {
    objects: objects.filter((object) => object !== undefined),
    prefixes,
    ...(isLast || token === undefined ? {} : { nextCursor: token }),
  };
}

function parseEntry(entry: string, prefix: string): ListedObject | undefined {
  const key = textOf(entry, "Key");
  const etag = textOf(entry, "ETag");
  const size = Number(textOf(entry, "Size"));
  const modifiedAt = textOf(entry, "LastModified");
  if (key === undefined || etag === undefined || !Number.isSafeInteger(size)) return undefined;
  return {
    key: decodeKey(key).slice(prefix.length),
    etag,
    sizeBytes: size,
    ...(modifiedAt === undefined ? {} : { modifiedAt }),
  };
}

const textOf = (xml: string, element: string): string | undefined => {
  const text = new RegExp(`<${element}>(.*?)</${element}>`, "s").exec(xml)?.[1];
  return text === undefined ? undefined : unescapeXml(text);
};

// Form encoding writes a space as '+'; a plus itself always comes as %2B.
const decodeKey = (text: string): string =>
  decodeURIComponent(unescapeXml(text).replaceAll("+", " "));

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
};

const unescapeXml = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES[name] ?? whole;
  });
