import { access, readFile, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { startCutProxy } from "../support/cut-proxy.ts";
import { fixtureManifest } from "../support/fixture-rows.ts";
import { readFixture } from "../support/fixtures.ts";
import { flowerLine } from "../support/generate-rows.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { cliFor } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

const ROWS = 3_000;
const MODEL = "iris-logreg";
const NAMES = fixtureManifest(MODEL, "1").features.map(({ name }) => name);
/** Some of the answers to so many rows. */
const CUT_BYTES = 150_000;

/** A flower a line; some are wrong, and say so in their place. */
const lines = Array.from({ length: ROWS }, (_, row) =>
  row % 101 === 7 ? '{"sepal length (cm)":"long"}' : flowerLine(row),
);

/** The same as a table, with a column of its own that has quotes and line ends. */
const records = lines.map((line, row) => {
  const flower = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const cells = NAMES.map((name) => flower[name] ?? "");
  return row % 211 === 5 ? "1,2" : [...cells, `"a ""${row}"", b\nc"`, row].join(",");
});
const FILES = {
  csv: `${[...NAMES, "note", "error"].join(",")}\n${records.join("\n")}\n`,
  ndjson: `${lines.join("\n")}\n`,
  json: `[${lines.join(",")}]`,
};

const withoutIds = (text: string) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID");
const PIECES = ["--request-rows", "700"] as const;

describe("predict with --out, cut off in the middle", () => {
  const { freshet, stack } = withStack();

  /** A file whose prediction has been cut off; what it would have become stands in `whole`. */
  async function cutOff(form: keyof typeof FILES, outForm: string, model = MODEL) {
    const file = await writeTemporary(`rows.${form}`, FILES[form]);
    const [whole, out] = ["whole", "out"].map((name) =>
      join(dirname(file), `${name}.${outForm}`),
    ) as [string, string];
    await freshet("predict", model, file, "--out", whole, ...PIECES);
    const proxy = await startCutProxy(stack().url, CUT_BYTES);
    const ran = await cliFor(proxy.url)("predict", model, file, "--out", out, ...PIECES);
    await proxy.stop();
    const again = (...more: readonly string[]) =>
      freshet("predict", model, file, "--out", out, ...PIECES, "--resume", ...more);
    return { file, out, whole, ran, again };
  }

  it.each([
    ["csv", "csv"],
    ["csv", "ndjson"],
    ["ndjson", "ndjson"],
    ["ndjson", "csv"],
    ["json", "json"],
  ] as const)("says where it stands, and goes on from there: %s to %s", async (form, outForm) => {
    const { out, whole, ran, again } = await cutOff(form, outForm);
    expect([ran.code, ran.out]).toEqual([3, ""]);
    const done = /(\d+) rows were answered before it broke off: .*partial.*--resume/.exec(ran.err);
    const rows = Number(done?.[1]);
    expect(rows).toBeGreaterThan(200);
    expect(rows).toBeLessThan(ROWS);
    const resumed = await again();
    expect([resumed.code, resumed.err]).toEqual([
      1,
      expect.stringContaining(`goes on after ${rows} rows, with ${MODEL}@1`),
    ]);
    expect(resumed.out).toMatch(new RegExp(`of ${ROWS} rows answered`));
    const [expected, written] = await Promise.all(
      [whole, out].map((path) => readFile(path, "utf8")),
    );
    expect(withoutIds(written ?? "")).toBe(withoutIds(expected ?? ""));
    for (const left of [`${out}.partial`, `${out}.partial.json`]) {
      await expect(access(left)).rejects.toThrow();
    }
  });

  it("goes on after a process that was killed while it wrote, and counts what it had done", async () => {
    for (const [form, outForm] of [
      ["csv", "csv"],
      ["ndjson", "ndjson"],
      ["json", "json"],
    ] as const) {
      const { out, whole, again } = await cutOff(form, outForm);
      const partial = `${out}.partial`;
      const text = await readFile(partial);
      await truncate(partial, text.length - 30);
      const { out: told } = await again("--json");
      const summary = JSON.parse(told) as { rows: number; failed: number; resumed: number };
      expect(summary).toMatchObject({ rows: ROWS, resumed: expect.any(Number) });
      const written = await readFile(out, "utf8");
      expect(withoutIds(written)).toBe(withoutIds(await readFile(whole, "utf8")));
      if (outForm === "ndjson") {
        expect(summary.failed).toBe(written.split('{"ok":false').length - 1);
      }
    }
  });

  it("asks the version that began, whatever the alias says by then", async () => {
    const { bytes } = readFixture(MODEL, "1");
    for (const version of ["1", "2"]) {
      // Readers pass over a field that they do not know.
      const others = Uint8Array.from([...bytes, 0x9a, 0x3e, 0x01, Number(version)]);
      await putVersion(stack().store, "moved", version, others, fixtureManifest(MODEL, "1"));
    }
    await putDeployment(stack().store, "moved", 1, { production: { "1": 100 } });
    const { out, again } = await cutOff("ndjson", "ndjson", "moved");
    const note = `${out}.partial.json`;
    const [first = "", ...marks] = (await readFile(note, "utf8")).split("\n");
    const begun = JSON.parse(first) as object;
    expect(begun).toEqual({ word: "moved", model: "moved", version: "1" });
    await writeFile(note, [JSON.stringify({ ...begun, version: "2" }), ...marks].join("\n"));
    expect((await again()).out).toMatch(/^moved@2: /);
  });

  it("refuses to go on with what is not of these rows, or of this model", async () => {
    const { file, out, again } = await cutOff("csv", "csv");
    const partial = await readFile(`${out}.partial`, "utf8");
    const resume = (model: string, path = file) =>
      freshet("predict", model, path, "--out", out, "--resume");
    const otherCells = await writeTemporary("rows.csv", FILES.csv.replace('"a ""40"", b', '"z'));
    const otherNames = await writeTemporary("rows.csv", FILES.csv.replace("note", "remark"));
    const fewer = await writeTemporary("rows.csv", FILES.csv.split("\n").slice(0, 40).join("\n"));
    for (const [ran, said] of [
      [await resume("wine-pipeline"), /was made by iris-logreg@1, asked as 'iris-logreg'/],
      [await resume(`${MODEL}@2`), /was made by iris-logreg@1/],
      [await resume(MODEL, otherCells), /is not of .*rows\.csv: row 40 differs/],
      [await resume(MODEL, otherNames), /its header differs/],
      [await resume(MODEL, fewer), /is not of .*rows\.csv: it has \d+ rows/],
    ] as const) {
      expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(said)]);
    }
    await writeFile(`${out}.partial.json`, "{");
    expect(await again()).toMatchObject({ code: 2, err: expect.stringMatching(/made by/) });
    expect(await readFile(`${out}.partial`, "utf8")).toBe(partial);
  });

  it.each([
    ["ndjson", "ndjson"],
    ["ndjson", "csv"],
    ["json", "json"],
    ["csv", "ndjson"],
  ] as const)(
    "refuses to go on with results of other rows, which do not show them: %s to %s",
    async (form, outForm) => {
      const { out, whole } = await cutOff(form, outForm);
      const partial = await readFile(`${out}.partial`, "utf8");
      const others = lines.with(140, lines[7] ?? "");
      const otherFiles = {
        csv: FILES.csv.replace('"a ""140"", b', '"z'),
        ndjson: `${others.join("\n")}\n`,
        json: `[${others.join(",")}]`,
      };
      const resume = async (name: string, other: string) => {
        const file = await writeTemporary(`${name}.${form}`, other);
        return freshet("predict", MODEL, file, "--out", out, ...PIECES, "--resume");
      };
      const changed = await resume("other", otherFiles[form]);
      expect([changed.code, changed.err]).toEqual([
        2,
        expect.stringMatching(
          /is not of .*other\.\w+: one of its rows 100 to 199 differs\..*begins anew/s,
        ),
      ]);
      expect(await readFile(`${out}.partial`, "utf8")).toBe(partial);
      // A file of the same rows may have another name, and the command goes on with it.
      const copied = await resume("copy", FILES[form]);
      expect(copied.err).toMatch(/goes on after \d+ rows/);
      expect(withoutIds(await readFile(out, "utf8"))).toBe(
        withoutIds(await readFile(whole, "utf8")),
      );
    },
  );

  it("says that it cannot tell, where an older run has left nothing to tell it by", async () => {
    const { out, again } = await cutOff("ndjson", "ndjson");
    const note = `${out}.partial.json`;
    const [first] = (await readFile(note, "utf8")).split("\n");
    await writeFile(note, `${first}\n`);
    expect(await again()).toMatchObject({
      code: 2,
      err: expect.stringMatching(/does not say which rows .*partial is of/),
    });
  });

  it("begins with the first row where nothing is left, and wants a file", async () => {
    const file = await writeTemporary("rows.ndjson", FILES.ndjson);
    const out = join(dirname(file), "o.ndjson");
    const ran = await freshet("predict", MODEL, file, "--out", out, "--resume");
    expect(ran.err).toMatch(/partial has no rows: it begins with the first one/);
    expect(ran.out).toMatch(new RegExp(`of ${ROWS} rows answered`));
    const without = await freshet("predict", MODEL, file, "--resume");
    expect(without).toMatchObject({ code: 2, err: expect.stringMatching(/goes with --out/) });
  });
});
