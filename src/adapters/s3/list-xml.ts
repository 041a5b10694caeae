import type { ListedObject, ObjectPage } from "../../core/ports/object-store.ts";

/**
 * Reads the answer of ListObjectsV2 asked for with `encoding-type=url`, in which
 * no key holds markup: the few elements wanted can be told apart by pattern
 * (workerd has no DOMParser). `undefined` when it is not such an answer, or one to another question.
 * @param wanted what every key and every folder begins with
 * @param hidden what of it is not the key's own
 * @throws where a key is not encoded as it was asked to be
 */
export function parseListing(
  xml: string,
  { wanted, hidden, cursor }: AskedListing,
): ObjectPage | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml) || !/<\/ListBucketResult>\s*$/.test(xml))
    return undefined;
  const entries = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)];
  const objects = entries.map(([, entry = ""]) => parseEntry(entry));
  const prefixes = [...xml.matchAll(/<CommonPrefixes>\s*<Prefix>(.*?)<\/Prefix>/gs)].map(
    ([, text = ""]) => decodeKey(text),
  );
  // One that lost its end would be passed over, and what it names not exist.
  if (entries.length !== xml.split("<Contents>").length - 1) return undefined;
  const isWanted = (key: string | undefined) => key?.startsWith(wanted) === true;
  if (!objects.every((object) => isWanted(object?.key)) || !prefixes.every(isWanted)) {
    return undefined;
  }
  const token = textOf(xml, "NextContinuationToken");
  const isLast = textOf(xml, "IsTruncated") !== "true";
  // Taken for the last page, the rest would silently not exist.
  if (!isLast && token === undefined) return undefined;
  // Followed, the same page would come for ever.
  if (!isLast && token === cursor) return undefined;
  const own = (key: string) => key.slice(hidden.length);
  return {
    objects: objects
      .filter((object) => object !== undefined)
      .map((object) => ({ ...object, key: own(object.key) })),
    prefixes: prefixes.map(own),
    ...(isLast || token === undefined ? {} : { nextCursor: token }),
  };
}

/** What was asked for, as the store was. */
export interface AskedListing {
  readonly wanted: string;
  readonly hidden: string;
  readonly cursor: string | undefined;
}

function parseEntry(entry: string): ListedObject | undefined {
  const key = textOf(entry, "Key");
  const etag = textOf(entry, "ETag");
  const size = Number(textOf(entry, "Size"));
  const modifiedAt = textOf(entry, "LastModified");
  if (key === undefined || etag === undefined || !Number.isSafeInteger(size)) return undefined;
  return {
    key: decodeKey(key),
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
