import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { holdoutCsv, readResults } from "../support/fixture-rows.ts";
import { flowerLine } from "../support/generate-rows.ts";
import { putDeployment } from "../support/publish.ts";
import { TEST_TOKEN } from "../support/stack.ts";
import { startCli } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

const FLOWERS = Array.from({ length: 20 }, (_, index) => flowerLine(index));
const LINES = `${FLOWERS.join("\n")}\n`;

describe("stdin and stdout in the place of files", () => {
  const { stack, freshet } = withStack();

  const start = (...args: readonly string[]) =>
    startCli(args, { FRESHET_URL: stack().url, FRESHET_TOKEN: TEST_TOKEN });

  async function pipe(text: string, ...args: readonly string[]) {
    const { child, ended } = await start(...args);
    child.stdin?.end(text);
    return ended;
  }

  it("predict takes lines, JSON or a table, and prints what it says of them", async () => {
    for (const text of [LINES, `[${FLOWERS.join(",")}]`]) {
      const ran = await pipe(text, "predict", "iris-logreg", "-");
      expect([ran.code, ran.out.trim().split("\n").length]).toEqual([0, 22]);
    }
    const csv = holdoutCsv("iris-logreg");
    const ran = await pipe(csv, "predict", "iris-logreg", "-", "--format", "csv", "--json");
    expect((JSON.parse(ran.out) as { results: unknown[] }).results).toHaveLength(75);
  });

  it("predict --out - writes results of the rows' form, and what it says of them elsewhere", async () => {
    const lines = await pipe(LINES, "predict", "iris-logreg", "-", "--out", "-");
    expect(lines.code).toBe(0);
    expect(readResults(lines.out).filter(({ ok }) => ok)).toHaveLength(20);
    expect(lines.err).toMatch(/^iris-logreg@1: 20 of 20 rows answered in /m);
    const file = await writeTemporary("rows.csv", holdoutCsv("iris-logreg"));
    const table = await freshet("predict", "iris-logreg", file, "--out", "-");
    const [head, ...rows] = table.out.trimEnd().split("\n");
    expect(head).toMatch(/^sepal length \(cm\),.*,prediction_id,predicted_label,/);
    expect(rows).toHaveLength(75);
    const resumed = await freshet("predict", "iris-logreg", file, "--out", "-", "--resume");
    expect(resumed.code).toBe(2);
  });

  it("predict --out - ends with 1 when a row failed, with nothing but results in stdout", async () => {
    const wrong = `${FLOWERS[0]}\n{"sepal length (cm)":"x"}\n`;
    const ran = await pipe(wrong, "predict", "iris-logreg", "-", "--out", "-", "--json");
    expect(ran.code).toBe(1);
    expect(readResults(ran.out).map(({ ok }) => ok)).toEqual([true, false]);
  });

  it("predict --out FILE takes stdin", async () => {
    const out = `${await writeTemporary("empty", "")}.csv`;
    const ran = await pipe(LINES, "predict", "iris-logreg", "-", "--out", out);
    expect(ran.code).toBe(0);
    expect((await readFile(out, "utf8")).trimEnd().split("\n")).toHaveLength(21);
  });

  it("entity import takes stdin", async () => {
    const csv = await pipe("id,x\na,1\nb,2\n", "entity", "import", "thing", "-", "--format", "csv");
    expect([csv.code, csv.out]).toEqual([0, "2 of 2 rows written as 'thing'\n"]);
    const lines = await pipe('{"id":"c","features":{"x":3}}\n', "entity", "import", "thing", "-");
    expect([lines.code, lines.out]).toEqual([0, "1 of 1 row written as 'thing'\n"]);
  });

  it("outcome import takes what predict wrote, with line breaks in its cells", async () => {
    const record = { rate: 1 };
    await putDeployment(stack().store, "iris-logreg", 5, { production: { "1": 100 } }, { record });
    await freshet("cache", "refresh", "iris-logreg");
    const [head, ...rows] = holdoutCsv("iris-logreg").trimEnd().split("\n");
    const truths = ["setosa", "versicolor", "virginica"];
    const noted = rows.map((row, at) => {
      return `${row},${truths[Number(row.at(-1))]},"a note\nof ""row"" ${at}"`;
    });
    const failing = `x,1,1,1,0,setosa,\n${rows[0]},virginica,\n`;
    const given = `${head},truth,note\n${noted.join("\n")}\n${failing}`;
    const predicted = await pipe(
      given,
      ...["predict", "iris-logreg", "-", "--format", "csv", "--out", "-"],
    );
    expect(predicted.out).toContain('"a note\nof ""row"" 74"');
    const importing = ["outcome", "import", "-", "--format", "csv"];
    const imported = await pipe(predicted.out, ...importing, "--value", "truth", "--json");
    expect(imported.err).toBe("");
    expect(JSON.parse(imported.out)).toMatchObject({ recorded: 76, failed: 0, skipped: 1 });
    const missing = await pipe(predicted.out, ...importing);
    expect(missing.err).toMatch(/no column 'value'.* --value names the one with the truth/s);
  });

  it("outcome import tells which line of the file failed, and of separators", async () => {
    const text = 'prediction_id,value,note\na,x\n,x,none\nb,x,"1\n2"\n';
    const ran = await pipe(text, "outcome", "import", "-", "--format", "csv");
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/^0 outcomes recorded.*1 record without id or truth passed over$/m);
    expect(ran.out).toMatch(/^ {2}line 2: the line has 2 cells, the header has 3$/m);
    expect(ran.out).toMatch(/^ {2}line 4 \(b\): /m);
    const other = await pipe(
      "prediction_id;value\na;x\n",
      ...["outcome", "import", "-", "--format", "csv"],
    );
    expect(other.err).toMatch(/the header line has semicolons/);
  });

  it("a second run into one file is refused while the first one writes", async () => {
    const out = `${await writeTemporary("empty", "")}.ndjson`;
    const predict = ["predict", "iris-logreg", "-", "--out", out, "--request-rows", "2"];
    const first = await start(...predict);
    first.child.stdin?.write(LINES);
    await expect.poll(() => readFile(`${out}.lock`, "utf8").catch(() => "")).not.toBe("");
    const second = await pipe(LINES, ...predict);
    expect(second.code).toBe(2);
    expect(second.err).toMatch(/another run, process \d+, writes into .*ndjson\. Wait for it/);
    first.child.stdin?.end();
    expect((await first.ended).code).toBe(0);
    expect(readResults(await readFile(out, "utf8"))).toHaveLength(20);
    // What a process that was killed left behind holds nobody up.
    const gone = await start("--version");
    await gone.ended;
    const stale = await writeTemporary("stale.ndjson.lock", `${gone.child.pid}\n`);
    const again = await pipe(LINES, ...predict.with(4, stale.replace(/\.lock$/, "")));
    expect(again.err).not.toMatch(/another run/);
    expect(again.code).toBe(0);
  });

  it("who stops a run is told how it goes on, and it does", async () => {
    const out = `${await writeTemporary("empty", "")}.ndjson`;
    const predict = ["predict", "iris-logreg", "-", "--out", out, "--request-rows", "5"];
    const { child, ended } = await start(...predict);
    child.stdin?.write(FLOWERS.slice(0, 11).join("\n"));
    await expect.poll(() => readFile(`${out}.partial.json`, "utf8").catch(() => "")).not.toBe("");
    child.kill("SIGINT");
    const stopped = await ended;
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/^stopped after \d+ rows: the same command with --resume goes on/m);
    const resumed = await pipe(LINES, ...predict, "--resume");
    expect([resumed.code, resumed.err.includes("another run")]).toEqual([0, false]);
    expect(readResults(await readFile(out, "utf8"))).toHaveLength(20);
  });
});
