import { describe, expect, it } from "vitest";
import { Catalog, type CatalogEntry } from "../../../src/core/routing/catalog.ts";

const entry = (model: string): CatalogEntry => ({
  deployment: { model, rev: 1, aliases: {} },
  etag: '"1"',
  checkedAtMs: 0,
  triedAtMs: 0,
});

describe("catalog", () => {
  it("gives back what was set", () => {
    const catalog = new Catalog();
    const iris = entry("iris");
    catalog.set("iris", iris);
    expect(catalog.get("iris")).toBe(iris);
    expect(catalog.get("titanic")).toBeUndefined();
  });

  it("names its models, the longest unconfirmed first, however often they were used since", () => {
    const catalog = new Catalog();
    for (const [model, triedAtMs] of [
      ["b", 2],
      ["c", 3],
      ["a", 1],
    ] as const) {
      catalog.set(model, { ...entry(model), triedAtMs });
    }
    catalog.get("a");
    expect(catalog.byAge()).toEqual(["a", "b", "c"]);
  });

  it("believes in an absence until its time, not longer", () => {
    const catalog = new Catalog();
    catalog.setAbsent("iris", 100);
    expect([99, 100, 101].map((now) => catalog.isAbsent("iris", now))).toEqual([
      true,
      false,
      false,
    ]);
    expect(catalog.isAbsent("wine", 0)).toBe(false);
  });

  it("never holds a model for both there and absent", () => {
    const catalog = new Catalog();
    catalog.set("iris", entry("iris"));
    catalog.setAbsent("iris", 100);
    expect(catalog.get("iris")).toBeUndefined();
    catalog.set("iris", entry("iris"));
    expect(catalog.isAbsent("iris", 0)).toBe(false);
  });

  it("forgets presence and absence alike", () => {
    const catalog = new Catalog();
    catalog.set("iris", entry("iris"));
    catalog.setAbsent("wine", 100);
    for (const model of ["iris", "wine"]) catalog.forget(model);
    expect(catalog.byAge()).toEqual([]);
    expect(catalog.isAbsent("wine", 0)).toBe(false);
  });

  it("keeps a mark through every confirmation, beneath what the pointer itself is degraded for", () => {
    const catalog = new Catalog();
    const mark = { reason: "version_overwritten", detail: "so", sinceMs: 1 };
    const other = { reason: "unreachable", detail: "no answer", sinceMs: 2 };
    catalog.mark("iris", mark);
    expect(catalog.get("iris")).toBeUndefined();
    const seen = [entry("iris"), { ...entry("iris"), degraded: other }, entry("iris")].map(
      (next) => {
        catalog.set("iris", next);
        return catalog.get("iris")?.degraded;
      },
    );
    expect(seen).toEqual([mark, other, mark]);
    catalog.set("wine", entry("wine"));
    expect(catalog.get("wine")?.degraded).toBeUndefined();
    catalog.mark("iris", undefined);
    expect(catalog.get("iris")?.degraded).toBeUndefined();
  });

  it("bounds what guessed names can make it remember", () => {
    const catalog = new Catalog();
    for (let name = 0; name <= 1_000; name += 1) catalog.setAbsent(`guess-${name}`, 100);
    expect([catalog.isAbsent("guess-0", 0), catalog.isAbsent("guess-1000", 0)]).toEqual([
      false,
      true,
    ]);
  });
});
