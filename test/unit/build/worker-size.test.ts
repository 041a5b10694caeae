import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildWorker, type WorkerModule } from "../../../infra/build/build.ts";

const KIB = 1024;

let dir: string;
let modules: ReadonlyMap<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "freshet-size-"));
  const built = await buildWorker(dir);
  modules = new Map(
    built.modules.filter(isScript).map(({ name, contents }) => [name, textOf(contents)]),
  );
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const isScript = ({ kind }: WorkerModule) => kind === "esModule";
const textOf = (contents: Uint8Array) => new TextDecoder().decode(contents);

/** What a module imports, save by `import()`. */
const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+\.js)"/g)].flatMap(([, name]) => name ?? []);

function runAtStart(name = "worker.js", seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const imported of importsOf(modules.get(name) ?? "")) runAtStart(imported, seen);
  return seen;
}

const sizeOf = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + (modules.get(name) ?? "").length, 0);

/** How often a text that stands once in a package's source is in the bundle. */
const copiesOf = (text: string): number =>
  [...modules.values()].reduce((sum, module) => sum + module.split(text).length - 1, 0);

describe("what a cold start pays for", () => {
  it("compiles no more than 1,200 KiB of script: workerd compiles every module of a Worker", () => {
    expect(sizeOf(modules.keys())).toBeLessThan(1_200 * KIB);
  });

  it("runs no more than 420 KiB of it before the first request", () => {
    expect(sizeOf(runAtStart())).toBeLessThan(420 * KIB);
  });

  it.each([
    ["re2js", "RE2JS.translateRegExp() converts a RegExp"],
    ["@cfworker/json-schema", "Instance does not match every subschema."],
    ["papaparse", "Comment character same as delimiter"],
  ])("has %s once, and runs it only when it is asked for", (_package, text) => {
    expect(copiesOf(text)).toBe(1);
    expect([...runAtStart()].some((name) => modules.get(name)?.includes(text))).toBe(false);
  });
});
