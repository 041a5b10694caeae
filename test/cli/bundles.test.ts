import { describe, expect, it } from "vitest";
import { fixtureManifest } from "../support/fixture-rows.ts";
import { readFixture } from "../support/fixtures.ts";
import { putVersion } from "../support/publish.ts";
import { jsonOf } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

const FLOWER = [6.2, 2.8, 4.8, 1.8];
const ROWS = JSON.stringify([FLOWER]);
const NAMES = fixtureManifest("iris-logreg", "1").features.map(({ name }) => name);

describe("bundles and crons by command line", () => {
  const { freshet, stack } = withStack();

  it("puts, shows, lists, loads and asks a bundle", async () => {
    const put = await freshet("bundle", "put", "flowers", "iris-logreg", "iris-logreg@1", "--warm");
    expect(put).toMatchObject({ code: 0, out: "flowers is 2 models (revision 1)\n" });
    expect((await freshet("bundle", "show", "flowers")).out).toMatch(
      /references +iris-logreg, iris-logreg@1\nwarm +yes\nrevision +1\n/,
    );
    expect((await freshet("bundle", "list")).out).toMatch(/^flowers +iris-logreg.* yes$/m);
    const loaded = await freshet("bundle", "load", "flowers");
    expect(loaded).toMatchObject({ code: 0, err: "" });
    expect(loaded.out.match(/ loaded$/gm)).toHaveLength(2);
    const asked = await freshet("bundle", "predict", "flowers", "--input", ROWS);
    expect(asked.out).toMatch(/^iris-logreg@1 +1 +virginica 0\.\d+ +[0-9a-f-]{36}$/m);
    expect(
      await jsonOf(freshet("bundle", "predict", "flowers", "--input", ROWS, "--json")),
    ).toMatchObject({
      results: [
        { reference: "iris-logreg", ok: true, results: [{ ok: true, label: "virginica" }] },
        { ok: true },
      ],
    });
    const inputs = [{ name: "features", datatype: "FP32", shape: [1, 4], data: FLOWER }];
    const whole = await freshet(
      ...["bundle", "predict", "flowers", "--input", JSON.stringify({ inputs })],
    );
    expect(whole.out).toMatch(/^iris-logreg@1 +1 +label +2$/m);
  });

  it("asks each model for rows of its own features, whatever the file is called, in a table of rows by models", async () => {
    await freshet("bundle", "put", "mixed", "iris-logreg", "wine-pipeline");
    const wine = readFixture("wine-pipeline", "1");
    const wineNames = fixtureManifest("wine-pipeline", "1").features.map(({ name }) => name);
    const row = {
      ...Object.fromEntries(NAMES.map((name, at) => [name, FLOWER[at]])),
      ...Object.fromEntries(wineNames.map((name, at) => [name, wine.rows[0]?.[at]])),
    };
    const names = Object.keys(row);
    const cells = Object.values(row).join(",");
    const files = {
      "rows.csv": `id,${names.join(",")}\n7,${cells}\n8,${cells}\n`,
      "rows.ndjson": `${JSON.stringify(row)}\n\n${JSON.stringify(row)}\n`,
      "rows.json": JSON.stringify([row, row]),
    };
    for (const [name, text] of Object.entries(files)) {
      const file = await writeTemporary(name, text);
      const asked = await freshet("bundle", "predict", "mixed", file);
      expect([name, asked.code, asked.err]).toEqual([name, 0, ""]);
      expect(asked.out).toMatch(
        /^ROW +iris-logreg +wine-pipeline\n +0 +virginica 0\.\d+ +class_1 0\.\d+\n +1 +virginica/,
      );
    }
  });

  it("ends with 1 when a row has no answer, and says which and why", async () => {
    const file = await writeTemporary(
      "rows.csv",
      `${NAMES.join(",")}\n${FLOWER.join(",")}\n6.2,long,4.8,1.8\n1,2\n`,
    );
    const asked = await freshet("bundle", "predict", "flowers", file);
    expect(asked.code).toBe(1);
    expect(asked.out).toMatch(
      /^ +0 +virginica.*\n +1 +invalid_value +invalid_value\n +2 +invalid_row +invalid_row$/m,
    );
    expect(asked.err).toMatch(/error: 4 of 6 answers are missing\n {2}iris-logreg: rows\[1\]/);
    expect(asked.err).toContain("rows[2] has 2 cells, the header has 4");
    const unknown = await freshet("bundle", "predict", "flowers", "--input", '{"petal": 1}');
    expect(unknown).toMatchObject({
      code: 1,
      out: expect.stringMatching(/petal is not a feature of any model of the bundle/),
    });
  });

  it("ends with 1 when a model of a bundle fails, its report given all the same", async () => {
    const { bytes } = readFixture("iris-logreg", "1");
    await putVersion(stack().store, "iris-logreg", "9", bytes, { digest: "0".repeat(64) });
    await freshet("bundle", "put", "half", "iris-logreg", "iris-logreg@9");
    const asked = await freshet("bundle", "predict", "half", "--input", ROWS);
    expect(asked.code).toBe(1);
    expect(asked.out).toMatch(/^iris-logreg +1 +virginica/m);
    expect(asked.out).toMatch(/^iris-logreg@9 +- +model_unavailable/m);
    expect(asked.err).toMatch(
      /error: 1 model did not answer\n {2}iris-logreg@9: .*digest_mismatch/,
    );
    const two = JSON.stringify([FLOWER, FLOWER]);
    const both = await freshet("bundle", "predict", "half", "--input", two);
    expect(both.out).toMatch(/^ +1 +virginica [0-9.]+ +model_unavailable$/m);
  });

  it("says what is wrong", async () => {
    const unknown = await freshet("bundle", "put", "b", "nothing");
    expect(unknown).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no model 'nothing'.*model list/),
    });
    expect((await freshet("bundle", "put", "-b", "iris")).code).toBe(2);
    expect((await freshet("bundle", "put", "b", "iris@")).code).toBe(2);
    expect((await freshet("bundle", "predict", "b")).code).toBe(2);
    expect(await freshet("bundle", "show", "none")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/there is no bundle 'none'.*bundle list/),
    });
  });

  it("tells what the cron did", async () => {
    expect((await freshet("cron")).out).toMatch(/no report yet/);
    await stack().fireCron();
    const told = await freshet("cron");
    expect(told.out).toMatch(/refreshed +6 checked, 0 changed, 0 kept/);
    expect(told.out).toMatch(/warm +iris-logreg@1 /);
    expect(told.out).toMatch(/settled +0 predictions on 0 entities, none waits/);
    expect(await jsonOf(freshet("cron", "--json"))).toMatchObject({
      redis: "up",
      crons: [{ from: "redis", last: { lease: "held" } }, { last: null }],
    });
  });

  it("deletes a bundle", async () => {
    expect((await freshet("bundle", "delete", "flowers")).out).toMatch(/deleted bundle flowers/);
    expect((await freshet("bundle", "delete", "flowers")).code).toBe(1);
  });
});
