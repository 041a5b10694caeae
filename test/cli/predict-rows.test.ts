import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { holdoutCsv, readResults } from "../support/fixture-rows.ts";
import { numberedModel } from "../support/numbered-rows.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

const FEATURES = [
  { name: "cabin", dtype: "string", categories: ["3", "2", "1"] },
  { name: "age", dtype: "float32", missing: "mean", stats: { mean: 41 } },
  { name: "fare", dtype: "float32", missing: 7 },
  { name: "kin", dtype: "float32" },
];

describe("predict without --out", () => {
  const { freshet, stack } = withStack();
  beforeAll(async () => {
    const { store } = stack();
    await putVersion(store, "titanic", "1", numberedModel(), { features: FEATURES });
    await putDeployment(store, "titanic", 1, { production: { "1": 100 } });
    await publish(store, "bare", numberedModel());
  });

  const bare = (results: readonly object[]) =>
    results.map((result) => ({ ...result, prediction_id: "ok" in result && result.ok }));

  it.each([
    ["rows.csv", "kin,cabin,age,fare,name\n0,1,,,x\n1,3,5,2,\n2,9,5,2,\n3,1\n,2,1,1,\n"],
    [
      "rows.ndjson",
      '{"cabin":"1","kin":0}\n["3",null,null,1]\n{"cabin":"1"}\n{"cabin":"1","kni":2}\n',
    ],
    ["rows.json", '[{"cabin":"1","age":null,"kin":0},{"cabin":"2","kin":"x"},["1",1,1,1]]'],
  ])("gives for one file the answers that it gives with it: %s", async (name, text) => {
    const file = await writeTemporary(name, text);
    const out = join(dirname(file), "out.ndjson");
    const whole = await freshet("predict", "titanic", file, "--out", out);
    const ran = await freshet("predict", "titanic", file, "--json");
    expect([whole.code, ran.code]).toEqual([1, 1]);
    const { results, meta } = JSON.parse(ran.out) as { results: readonly object[]; meta: object };
    expect(meta).toMatchObject({ model: "titanic", version: "1" });
    const written = readResults(await readFile(out, "utf8"));
    expect(bare(results)).toEqual(bare(written));
    expect(written.filter(({ ok }) => ok).length).toBeGreaterThan(0);
    expect(written[0]).toMatchObject({ ok: true, outputs: { y: [2, 41, 7, 0] } });
  });

  it("tells people the label with its probability, or why there is none", async () => {
    const [head, first] = holdoutCsv("iris-logreg").split("\n");
    const file = await writeTemporary("rows.csv", `${head}\n${first}\n1,2,x,4,setosa\n1,2\n`);
    const { code, out, err } = await freshet("predict", "iris-logreg", file);
    expect(code).toBe(1);
    expect(out).toMatch(/^iris-logreg@1\nROW +ANSWER +PREDICTION\n0 +\w+ 0\.\d+ +[0-9a-f-]{36}\n/);
    expect(out).toMatch(/\n1 +rows\[1\]\["petal length \(cm\)"\] must be a number/);
    expect(out).toMatch(/\n2 +rows\[2\] has 2 cells, the header has 5/);
    expect(out).not.toMatch(/object of features/);
    expect(err).toMatch(/2 of 3 rows have no answer/);
    const one = await freshet("predict", "iris-logreg", "--input", "[6.2, 2.8, 4.8, 1.8]");
    expect(one).toMatchObject({ code: 0, out: expect.stringMatching(/\n0 +virginica 0\.5470/) });
  });

  it.each([
    ["a name twice", "cabin,kin,kin\n1,2,3\n", /column 'kin' stands in the header more than once/],
    ["Latin-1", Buffer.from("cabin,kin,n\n1,2,M\xfcller\n", "latin1"), /is not UTF-8 at byte 17/],
    [
      "no header",
      "1,2,3,4\n",
      /no column of .* is a feature.*commas between: cabin, age, fare, kin/,
    ],
    ["semicolons", "cabin;kin\n1;2\n", /no column of .* is a feature of the model/],
    ["a short first row", "cabin,kin\n1\n", /the first row has 1 cell, the header has 2/],
    ["no rows", "cabin,kin\n", /has no rows/],
  ])("refuses a table with %s, with --out and without", async (_what, text, said) => {
    const file = await writeTemporary("rows.csv", text);
    const ran = await freshet("predict", "titanic", file);
    expect([ran.code, ran.out, ran.err]).toEqual([2, "", expect.stringMatching(said)]);
    if (/no column/.test(said.source)) return;
    const out = join(dirname(file), "out.csv");
    const whole = await freshet("predict", "titanic", file, "--out", out);
    expect([whole.code, whole.out, whole.err]).toEqual([2, "", expect.stringMatching(said)]);
  });

  it("refuses lines that are not UTF-8, and numbers that would be none", async () => {
    const lines = await writeTemporary("rows.ndjson", Buffer.from('{"n":"M\xfcller"}', "latin1"));
    const said = expect.stringMatching(/is not UTF-8 at byte 7/);
    expect(await freshet("predict", "titanic", lines)).toMatchObject({ code: 2, err: said });
    const huge = await writeTemporary("rows.json", '[{"cabin":"1","age":1e400,"kin":1}]');
    const past = expect.stringMatching(/past what a number holds/);
    expect(await freshet("predict", "titanic", huge)).toMatchObject({ code: 2, err: past });
  });

  it("says what to do with more rows than one request takes", async () => {
    const file = await writeTemporary("rows.csv", `cabin,kin\n${"1,2\n".repeat(1_001)}`);
    const { code, err } = await freshet("predict", "titanic", file);
    expect([code, err]).toEqual([1, expect.stringMatching(/than 1000.*--out FILE takes a file/)]);
  });

  it("goes by tensors where the manifest names no features, and for a whole request", async () => {
    const bareRows = await freshet("predict", "bare", "--input", "[[1, 2, 3, 4]]", "--json");
    expect(JSON.parse(bareRows.out)).toMatchObject({ outputs: [{ data: [1, 2, 3, 4] }] });
    const lines = await writeTemporary("rows.ndjson", "[1,2,3,4]\n[5,6,7,8]\n");
    const two = await freshet("predict", "bare", lines, "--json");
    expect(JSON.parse(two.out)).toMatchObject({ outputs: [{ shape: [2, 4] }] });
    const request = {
      inputs: [{ name: "x", datatype: "FP32", shape: [1, 4], data: [1, 2, 3, 4] }],
    };
    const whole = await freshet("predict", "titanic", "--input", JSON.stringify(request), "--json");
    expect(JSON.parse(whole.out)).toMatchObject({
      model_name: "titanic",
      outputs: [{ name: "y" }],
    });
    expect((await freshet("predict", "--help")).out).toMatch(/names no features/);
  });
});
