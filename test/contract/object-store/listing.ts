import { expect, it } from "vitest";
import type { ListOptions, ObjectPage, ObjectStore } from "../../../src/core/ports/object-store.ts";
import { must } from "../../support/must.ts";
import { DEADLINE, type GetSubject, newFolder, text } from "./subject.ts";

export function describeListing(subject: GetSubject): void {
  it("lists nothing under a prefix without keys, on one page", async () => {
    const { store } = subject();
    const page = must(await store.list(newFolder(), DEADLINE));
    expect(page).toEqual({ objects: [], prefixes: [] });
  });

  it("tells key, etag, size and time of each object", async () => {
    const { store } = subject();
    const folder = newFolder();
    const { etag } = must(await store.put(`${folder}a`, text("12345"), DEADLINE));
    const page = must(await store.list(folder, DEADLINE));
    expect(page.objects).toMatchObject([{ key: `${folder}a`, etag, sizeBytes: 5 }]);
    expect(page.objects[0]?.modifiedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it("keeps to the prefix, letter by letter", async () => {
    const { store } = subject();
    const folder = newFolder();
    await fill(store, folder, ["iris/a", "iris-2/a", "iri"]);
    expect(keysOf(must(await store.list(`${folder}iris/`, DEADLINE)), folder)).toEqual(["iris/a"]);
    expect(keysOf(must(await store.list(`${folder}iris`, DEADLINE)), folder)).toEqual([
      "iris-2/a",
      "iris/a",
    ]);
  });

  it("lists in UTF-8 byte order, which is not that of UTF-16", async () => {
    const { store } = subject();
    const folder = newFolder();
    await fill(store, folder, ["\u{1F30A}", "\uFF5E", "é", "b", "B", "a"]);
    const page = must(await store.list(folder, DEADLINE));
    expect(keysOf(page, folder)).toEqual(["B", "a", "b", "é", "\uFF5E", "\u{1F30A}"]);
  });

  it("folds keys at the delimiter into prefixes, each once", async () => {
    const { store } = subject();
    const folder = newFolder();
    await fill(store, folder, ["iris/1/a", "iris/2/b", "digits/1/a", "readme"]);
    const page = must(await store.list(folder, { ...DEADLINE, delimiter: "/" }));
    expect(page.prefixes).toEqual([`${folder}digits/`, `${folder}iris/`]);
    expect(keysOf(page, folder)).toEqual(["readme"]);
    expect(page.nextCursor).toBeUndefined();
  });

  it("gives every key once over several pages", async () => {
    const { store } = subject();
    const folder = newFolder();
    const names = Array.from({ length: 7 }, (_, index) => `k ${index}+`);
    await fill(store, folder, names);
    const pages = await allPages(store, folder, { ...DEADLINE, limit: 3 });
    expect(pages.map(({ objects }) => objects.length)).toEqual([3, 3, 1]);
    expect(pages.flatMap((page) => keysOf(page, folder))).toEqual(names);
  });

  it("says that a page which is just full is the last one", async () => {
    const { store } = subject();
    const folder = newFolder();
    await fill(store, folder, ["a", "b", "c"]);
    const pages = await allPages(store, folder, { ...DEADLINE, limit: 3 });
    expect(pages).toHaveLength(1);
  });

  it("counts keys and prefixes together against the limit, and repeats none", async () => {
    const { store } = subject();
    const folder = newFolder();
    await fill(store, folder, ["a/1", "a/2", "b", "c/1", "c/2", "d", "e/1"]);
    const pages = await allPages(store, folder, { ...DEADLINE, delimiter: "/", limit: 2 });
    for (const { objects, prefixes } of pages) {
      expect(objects.length + prefixes.length).toBeLessThanOrEqual(2);
    }
    expect(pages.flatMap(({ prefixes }) => prefixes)).toEqual(
      ["a/", "c/", "e/"].map((name) => folder + name),
    );
    expect(pages.flatMap((page) => keysOf(page, folder))).toEqual(["b", "d"]);
  });
}

async function fill(store: ObjectStore, folder: string, names: readonly string[]): Promise<void> {
  await Promise.all(
    names.map(async (name) => must(await store.put(folder + name, text(name), DEADLINE))),
  );
}

/** Follows cursors to the end; fails rather than turn for ever. */
async function allPages(
  store: ObjectStore,
  prefix: string,
  options: ListOptions,
): Promise<readonly ObjectPage[]> {
  const pages: ObjectPage[] = [];
  let cursor: string | undefined;
  do {
    const page = must(
      await store.list(prefix, cursor === undefined ? options : { ...options, cursor }),
    );
    pages.push(page);
    cursor = page.nextCursor;
  } while (cursor !== undefined && pages.length < 50);
  expect(cursor).toBeUndefined();
  return pages;
}

const keysOf = ({ objects }: ObjectPage, folder: string): readonly string[] =>
  objects.map(({ key }) => key.slice(folder.length));
