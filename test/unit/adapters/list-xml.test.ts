import { describe, expect, it } from "vitest";
import { parseListing } from "../../../src/adapters/s3/list-xml.ts";

const entry = (key: string, more = ""): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e1&quot;</ETag><Size>7</Size>${more}</Contents>`;

const listing = (inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>${inside}</ListBucketResult>\n`;

const asked = (wanted = "", hidden = "", cursor?: string) => ({ wanted, hidden, cursor });

describe("reading the answer of ListObjectsV2", () => {
  it("gives key, etag, size and time, with the quotes of the etag", () => {
    expect(parseListing(listing(entry("a/b")), asked())).toEqual({
      objects: [{ key: "a/b", etag: '"e1"', sizeBytes: 7, modifiedAt: "2026-01-02T03:04:05.000Z" }],
      prefixes: [],
    });
  });

  it.each([
    ["a+b%2Bc%20d", "a b+c d"],
    ["100%25", "100%"],
    ["%E6%97%A5", "日"],
    ["a&amp;b&#38;c&#x26;d", "a&b&c&d"],
    ["%3CKey%3E", "<Key>"],
    ["%26amp%3B", "&amp;"],
  ])("decodes the key %s", (encoded, key) => {
    expect(parseListing(listing(entry(encoded)), asked())?.objects[0]?.key).toBe(key);
  });

  it("takes the prefix of configuration off keys and prefixes, and leaves the asked prefix", () => {
    const xml = listing(
      `<Prefix>team%2Fmodels%2F</Prefix>${entry("team%2Fmodels%2Fa")}<CommonPrefixes><Prefix>team%2Fmodels%2Firis%2F</Prefix></CommonPrefixes>`,
    );
    const page = parseListing(xml, asked("team/models/", "team/"));
    expect(page?.objects.map(({ key }) => key)).toEqual(["models/a"]);
    expect(page?.prefixes).toEqual(["models/iris/"]);
  });

  it("keeps an owner's or checksum's elements apart from the object's own", () => {
    const owner = "<Owner><ID>1</ID><DisplayName>x</DisplayName></Owner>";
    const page = parseListing(listing(entry("a", owner) + entry("b")), asked());
    expect(page?.objects.map(({ key }) => key)).toEqual(["a", "b"]);
  });

  it("gives the cursor of a page that is cut, and none of the last page", () => {
    const token = "<NextContinuationToken>1&amp;2==</NextContinuationToken>";
    const cut = `<IsTruncated>true</IsTruncated>${token}`;
    expect(parseListing(listing(cut), asked())?.nextCursor).toBe("1&2==");
    const last = `<IsTruncated>false</IsTruncated>${token}`;
    expect(parseListing(listing(last), asked())).not.toHaveProperty("nextCursor");
  });

  it("refuses a page that says it is cut but not where to go on: the rest would be lost", () => {
    expect(parseListing(listing("<IsTruncated>true</IsTruncated>"), asked())).toBeUndefined();
  });

  it("refuses a page that goes on where it was asked for: it would come for ever", () => {
    const cut = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>";
    expect(parseListing(listing(cut), asked("", "", "t"))).toBeUndefined();
    expect(parseListing(listing(cut), asked("", "", "s"))?.nextCursor).toBe("t");
  });

  it.each([
    ["a key", entry("models2/x")],
    ["a folder", "<CommonPrefixes><Prefix>elsewhere/models/</Prefix></CommonPrefixes>"],
  ])("refuses %s of another listing", (_, inside) => {
    expect(parseListing(listing(inside), asked("models/"))).toBeUndefined();
  });

  it.each([
    ["nothing", ""],
    ["HTML", "<!doctype html><html></html>"],
    ["another document of S3", "<ListAllMyBucketsResult></ListAllMyBucketsResult>"],
    ["a document cut short", listing(entry("a")).slice(0, -30)],
    ["an object that ends nowhere", listing(`<Contents><Key>x</Key>${entry("a")}`)],
    ["an object without a key", listing("<Contents><ETag>e</ETag><Size>1</Size></Contents>")],
    ["an object without an etag", listing("<Contents><Key>a</Key><Size>1</Size></Contents>")],
    ["an object without a size", listing("<Contents><Key>a</Key><ETag>e</ETag></Contents>")],
    [
      "a size that is no number",
      listing("<Contents><Key>a</Key><ETag>e</ETag><Size>x</Size></Contents>"),
    ],
  ])("refuses %s", (_, xml) => {
    expect(parseListing(xml, asked())).toBeUndefined();
  });
});
