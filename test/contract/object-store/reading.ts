import { createHash, randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { must } from "../../support/must.ts";
import {
  contentOf,
  DEADLINE,
  expectFailure,
  type GetSubject,
  newFolder,
  READ,
  text,
} from "./subject.ts";

const FIVE_MB = 5 * 1024 * 1024;
const SHA_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export function describeReading(subject: GetSubject): void {
  it("gives back the bytes that were put, under the etag that put answered", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    const { etag } = must(await store.put(key, text("first"), DEADLINE));
    const got = must(await store.get(key, READ));
    expect(contentOf(got.bytes)).toBe("first");
    expect(got.etag).toBe(etag);
    expect(got.sha256).toBeUndefined();
  });

  it("overwrites without a condition, and the etag changes with the bytes", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    const first = must(await store.put(key, text("first"), DEADLINE));
    const second = must(await store.put(key, text("second"), DEADLINE));
    expect(second.etag).not.toBe(first.etag);
    expect(contentOf(must(await store.get(key, READ)).bytes)).toBe("second");
  });

  it("tells an absent key from everything else, for get and head", async () => {
    const { store } = subject();
    const key = `${newFolder()}nothing`;
    expectFailure(await store.get(key, READ), "absent");
    expectFailure(await store.get(key, { ...READ, ifNoneMatch: '"abc"' }), "absent");
    expectFailure(await store.head(key, DEADLINE), "absent");
  });

  it("answers unchanged while the etag is the same, and the new object after a write", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    const { etag } = must(await store.put(key, text("first"), DEADLINE));
    expectFailure(await store.get(key, { ...READ, ifNoneMatch: etag }), "unchanged");
    await store.put(key, text("second"), DEADLINE);
    const got = must(await store.get(key, { ...READ, ifNoneMatch: etag }));
    expect(contentOf(got.bytes)).toBe("second");
  });

  it("answers unchanged rather than too large: nothing is read", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    const { etag } = must(await store.put(key, text("first"), DEADLINE));
    const got = await store.get(key, { ...DEADLINE, maxBytes: 1, ifNoneMatch: etag });
    expectFailure(got, "unchanged");
  });

  it("refuses an object over maxBytes by one byte, and takes one of just that size", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    await store.put(key, text("12345678"), DEADLINE);
    expectFailure(await store.get(key, { ...DEADLINE, maxBytes: 7 }), "too_large");
    expect(must(await store.get(key, { ...DEADLINE, maxBytes: 8 })).bytes.byteLength).toBe(8);
  });

  it("hashes 5 MB while reading them, and they come back byte for byte", async () => {
    const { store } = subject();
    const key = `${newFolder()}large`;
    const bytes = new Uint8Array(randomBytes(FIVE_MB));
    must(await store.put(key, bytes, DEADLINE));
    const got = must(await store.get(key, { ...READ, sha256: true }));
    expect(got.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(Buffer.compare(got.bytes, bytes)).toBe(0);
    expect(must(await store.head(key, DEADLINE)).sizeBytes).toBe(FIVE_MB);
  });

  it("keeps empty objects: present, of no bytes, with the hash of nothing", async () => {
    const { store } = subject();
    const key = `${newFolder()}empty`;
    const { etag } = must(await store.put(key, new Uint8Array(0), DEADLINE));
    const got = must(await store.get(key, { ...DEADLINE, maxBytes: 0, sha256: true }));
    expect(got.bytes.byteLength).toBe(0);
    expect(got.sha256).toBe(SHA_OF_NOTHING);
    expect(must(await store.head(key, DEADLINE))).toMatchObject({ etag, sizeBytes: 0 });
  });

  it("tells an object's etag, size and time without its bytes", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    const { etag } = must(await store.put(key, text("first"), DEADLINE));
    const head = must(await store.head(key, DEADLINE));
    expect(head).toMatchObject({ etag, sizeBytes: 5 });
    const modifiedMs = Date.parse(head.modifiedAt ?? "");
    expect(Math.abs(modifiedMs - Date.now())).toBeLessThan(60_000);
  });

  it("gives bytes of the caller's own: changing them changes nothing in the store", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    const sent = text("first");
    await store.put(key, sent, DEADLINE);
    sent.fill(0);
    const got = must(await store.get(key, READ));
    got.bytes.fill(0);
    expect(contentOf(must(await store.get(key, READ)).bytes)).toBe("first");
  });

  it("deletes, and deleting what is absent succeeds", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    await store.put(key, text("first"), DEADLINE);
    must(await store.delete(key, DEADLINE));
    expectFailure(await store.get(key, READ), "absent");
    must(await store.delete(key, DEADLINE));
  });
}
