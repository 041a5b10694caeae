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

/** Each has been lost by some store or client. */
const AWKWARD = [
  "a space",
  "a+plus",
  "100%",
  "%41 is not A",
  "%2F is not a slash",
  "ünïcode",
  "日本語",
  "emoji 🌊",
  "quotes ' and \"",
  "angle < > & ampersand",
  "(brackets)!*",
  "question?mark=1&b=2",
  "hash#mark",
  "a;semicolon,comma:colon@at",
  "tilde~dash-under_score.dot",
  "deep/er/key",
];

export function describeKeys(subject: GetSubject): void {
  it.each(AWKWARD)("stores, reads, heads, lists and deletes the key %j", async (name) => {
    const { store } = subject();
    const folder = newFolder();
    const key = folder + name;
    const { etag } = must(await store.put(key, text(name), DEADLINE));
    expect(contentOf(must(await store.get(key, READ)).bytes)).toBe(name);
    expect(must(await store.head(key, DEADLINE)).etag).toBe(etag);
    const { objects } = must(await store.list(folder, DEADLINE));
    expect(objects.map((object) => object.key)).toEqual([key]);
    must(await store.delete(key, DEADLINE));
    expectFailure(await store.head(key, DEADLINE), "absent");
  });

  it("takes a key as it is: 'a b', 'a+b' and 'a%20b' are three objects", async () => {
    const { store } = subject();
    const folder = newFolder();
    const names = ["a b", "a+b", "a%20b"];
    for (const name of names) must(await store.put(folder + name, text(name), DEADLINE));
    for (const name of names) {
      expect(contentOf(must(await store.get(folder + name, READ)).bytes)).toBe(name);
    }
  });

  it("lists under an awkward prefix, with awkward folders", async () => {
    const { store } = subject();
    const folder = `${newFolder()}100% a+b & ü/`;
    await store.put(`${folder}c+d é/x`, text("1"), DEADLINE);
    await store.put(`${folder}e`, text("2"), DEADLINE);
    const page = must(await store.list(folder, { ...DEADLINE, delimiter: "/" }));
    expect(page.prefixes).toEqual([`${folder}c+d é/`]);
    expect(page.objects.map(({ key }) => key)).toEqual([`${folder}e`]);
  });
}
