import type { ExpectStatic } from "vitest";
import type { ApiAnswer } from "./call-api.ts";
import type { ProxyFault } from "./fault-proxy.ts";
import { blackHole, reset, s3Error } from "./fault-server.ts";
import { drip, htmlPage, latency, resetAfter, rewritten, truncate } from "./proxy-faults.ts";

/** One way in which a listing goes wrong. */
export interface ListFault {
  readonly name: string;
  readonly fault: ProxyFault;
  /** The listing comes whole and in time. */
  readonly isHarmless?: boolean;
}

const withEntry = (entry: string) =>
  rewritten((xml) => xml.replace("</ListBucketResult>", `${entry}</ListBucketResult>`));

const entryOf = (key: string) =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>"e"</ETag><Size>1</Size></Contents>`;

const TRUNCATED = "<IsTruncated>true</IsTruncated>";
const NEXT = "<NextContinuationToken>again</NextContinuationToken>";

/** What a network, a store and what is in between make of a ListObjectsV2; more of it in the adapter's own tests. */
const LIST_FAULTS: readonly ListFault[] = [
  { name: "latency", fault: latency(300), isHarmless: true },
  { name: "a reset before the headers", fault: reset },
  { name: "a reset after 40 bytes", fault: resetAfter(40) },
  { name: "a black hole", fault: blackHole },
  { name: "a truncation after 40 bytes", fault: truncate(40) },
  { name: "a slow drip", fault: drip(2) },
  { name: "a storm of 503", fault: s3Error(503, "InternalError") },
  { name: "throttling", fault: s3Error(503, "SlowDown") },
  { name: "a page in HTML", fault: htmlPage() },
  { name: "XML cut in the middle", fault: rewritten((xml) => xml.slice(0, xml.length / 2)) },
  { name: "an entry that ends nowhere", fault: withEntry("<Contents><Key>x") },
  { name: "a key that is no encoding", fault: withEntry(entryOf("%zz")) },
  { name: "a key of another listing", fault: withEntry(entryOf("elsewhere/x")) },
  {
    name: "the same next page for ever",
    fault: rewritten((xml) =>
      xml
        .replace(/<IsTruncated>.*?<\/IsTruncated>/, TRUNCATED)
        .replace("</ListBucketResult>", `${NEXT}</ListBucketResult>`),
    ),
  },
];

/** Those that end by themselves, and one that takes a whole deadline. */
export const listFaultsWith = (slow: "a slow drip" | "a black hole" | undefined) =>
  LIST_FAULTS.filter(({ name }) => name === slow || !/drip|black hole/.test(name));

/** The items of a listing as the API tells it, whichever way its answer holds them. */
export function itemsOf(body: unknown): readonly unknown[] {
  const { items, ok } = Object(body);
  if (!Array.isArray(items)) return [ok];
  return items.map(({ id, key, name, version, rev }) => id ?? key ?? name ?? version ?? rev);
}

/** Expects a listing's answer to be what it was before, or a refusal that may be tried again. */
export function expectWhole(
  expect: ExpectStatic,
  { status, headers, body }: ApiAnswer,
  { isHarmless = false }: Pick<ListFault, "isHarmless">,
  before: readonly unknown[],
): void {
  if (isHarmless) {
    expect([status, itemsOf(body)]).toEqual([200, expect.arrayContaining([...before])]);
    return;
  }
  expect([status, body]).toEqual([503, body]);
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  const text = JSON.stringify(body);
  expect(text).toMatch(/"error":|"(store|audit)_unavailable"/);
  expect(text).not.toMatch(/127\.0\.0\.1|Error:|\.ts/);
}
