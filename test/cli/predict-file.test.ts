import { access, readFile, symlink } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixtureManifest, holdoutCsv, readResults } from "../support/fixture-rows.ts";
import { readFixture } from "../support/fixtures.ts";
import { flowerLine } from "../support/generate-rows.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { cliFor } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

const CLASSES = ["setosa", "versicolor", "virginica"];
const { expected } = readFixture("iris-logreg", "1");
const labels = expected.label?.map((label) => CLASSES[Number(label)]) ?? [];

describe("predict with --out", () => {
  const { freshet, stack } = withStack();

  /** Predicts for a file of rows, in requests of `requestRows`. */
  async function predict(name: string, text: string, out: string, ...more: readonly string[]) {
    const file = await writeTemporary(name, text);
    const path = join(dirname(file), out);
    const ran = await freshet("predict", "iris-logreg", file, "--out", path, ...more);
    const written = await readFile(path, "utf8").catch(() => "");
    return { ...ran, path, written };
  }

  it("adds to each row of a table what the model says of it", async () => {
    const { code, out, written } = await predict("rows.csv", holdoutCsv("iris-logreg"), "out.csv");
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^iris-logreg@1: 75 of 75 rows answered/),
    ]);
    const [head, ...rows] = written.trimEnd().split("\n");
    expect(head).toBe(
      "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm),label,prediction_id,predicted_label,probability_setosa,probability_versicolor,probability_virginica,error",
    );
    expect(rows.map((row) => row.split(",")[6])).toEqual(labels);
    const [, ...given] = holdoutCsv("iris-logreg").trimEnd().split("\n");
    expect(rows.map((row) => row.split(",").slice(0, 5).join(","))).toEqual(given);
  });

  it("keeps the order over many requests, all to one version", async () => {
    const text = holdoutCsv("iris-logreg");
    const { code, written, out } = await predict(
      "rows.csv",
      text,
      "out.ndjson",
      "--request-rows",
      "7",
      "--json",
    );
    expect(code).toBe(0);
    expect(readResults(written).map(({ label }) => label)).toEqual(labels);
    expect(JSON.parse(out)).toMatchObject({
      model: "iris-logreg",
      version: "1",
      rows: 75,
      answered: 75,
      failed: 0,
      errors: [],
    });
  });

  it("asks one version to the end, where an alias has several", async () => {
    const { bytes } = readFixture("iris-logreg", "1");
    // Readers pass over a field that they do not know.
    const others = Uint8Array.from([...bytes, 0x9a, 0x3e, 0x01, 0x07]);
    await putVersion(stack().store, "split", "1", bytes, fixtureManifest("iris-logreg", "1"));
    await putVersion(stack().store, "split", "2", others, fixtureManifest("iris-logreg", "1"));
    await putDeployment(stack().store, "split", 1, { production: { "1": 50, "2": 50 } });
    const file = await writeTemporary("rows.csv", holdoutCsv("iris-logreg"));
    const out = join(dirname(file), "out.ndjson");
    const ran = await freshet("predict", "split", file, "--out", out, "--request-rows", "4");
    expect([ran.code, ran.out]).toEqual([0, expect.stringMatching(/^split@[12]: 75 of 75/)]);
    const counts = await Promise.all(
      ["1", "2"].map(async (version) => {
        const answer = await fetch(`${stack().url}/v2/models/split/versions/${version}/stats`);
        const { model_stats: pages = [] } = (await answer.json()) as {
          model_stats?: readonly { inference_count: number }[];
        };
        return pages[0]?.inference_count ?? 0;
      }),
    );
    expect(counts.sort((a, b) => a - b)).toEqual([0, 75]);
  });

  it("takes lines and writes a list, takes a list and writes a table", async () => {
    const lines = Array.from({ length: 40 }, (_, index) => flowerLine(index));
    const first = await predict("rows.ndjson", `${lines.join("\n")}\n`, "out.json");
    const list = JSON.parse(first.written) as { label: string }[];
    expect(list).toHaveLength(40);
    const second = await predict("rows.json", `[${lines.join(",")}]`, "out.csv");
    const rows = second.written.trimEnd().split("\n").slice(1);
    expect(rows.map((row) => row.split(",")[1])).toEqual(list.map(({ label }) => label));
  });

  it("ends with 1 when rows failed, each of them with its reason in the file", async () => {
    const rows = [",1,1,1,0", "1,1,1,1,0", '1,"x, y",1,1,0', "1,2", "2,2,2,2,0"];
    const head = holdoutCsv("iris-logreg").split("\n")[0];
    const { code, out, err, written } = await predict(
      "rows.csv",
      [head, ...rows].join("\n"),
      "o.csv",
    );
    expect([code, err]).toEqual([1, expect.stringMatching(/3 of 5 rows failed.*says why/)]);
    expect(out).toMatch(/rows\[0\]\["sepal length \(cm\)"\] is empty/);
    expect(out).toMatch(/rows\[2\]\["sepal width \(cm\)"\] must be a number/);
    const lines = written.trimEnd().split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[4]).toMatch(/^1,2,,,,,.*,"rows\[3\] has 2 cells, the header has 5"$/);
    expect(lines[3]).toMatch(/^1,"x, y",1,1,0,,,,,,"rows\[2\]\[""sepal width/);
    expect(lines[2]).toMatch(/,$/);
    const json = await predict(
      "rows.csv",
      [head, ...rows].join("\n"),
      "o.json",
      "--json",
      "--request-rows",
      "2",
    );
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      rows: 5,
      answered: 2,
      failed: 3,
      errors: [
        { row: 0, code: "missing_value" },
        { row: 2, code: "invalid_value" },
        { row: 3, code: "invalid_row" },
      ],
    });
    expect(JSON.parse(json.written)).toHaveLength(5);
  });

  it.each([
    [
      "features that the model has not",
      "rows.csv",
      "a,b\n1,2\n",
      "o.csv",
      1,
      /"sepal length \(cm\)"\].* is missing/,
    ],
    ["an open quote", "rows.csv", 'a,b\n1,"2\n', "o.csv", 2, /is not CSV: .*quote/i],
    ["no rows", "rows.csv", "a,b\n", "o.csv", 2, /has no rows/],
    ["no list", "rows.json", '{"a": 1}', "o.csv", 2, /is not an array of rows/],
    ["an unknown form", "rows.txt", "1", "o.csv", 2, /must end in \.csv, \.json, \.ndjson/],
    ["an unknown form of answer", "rows.csv", "a\n1\n", "o.txt", 2, /o\.txt: its name must end in/],
  ])("leaves nothing behind for %s, and says so", async (_what, name, text, out, code, message) => {
    const ran = await predict(name, text, out);
    expect([ran.code, ran.err]).toEqual([code, expect.stringMatching(message)]);
    for (const path of [ran.path, `${ran.path}.partial`]) {
      await expect(access(path)).rejects.toThrow();
    }
  });

  it("writes no two columns of one name, and says which one it renamed", async () => {
    const [head, first] = holdoutCsv("iris-logreg").split("\n");
    const text = `${head},prediction_id,error,error_2\n${first},x,y,z\n`;
    const { code, err, written } = await predict("rows.csv", text, "out.csv");
    expect(code).toBe(0);
    expect(err).toMatch(/has a column 'prediction_id' already: the answer's is 'prediction_id_2'/);
    const [columns = "", row = ""] = written.split("\n");
    expect(columns).toMatch(
      /,label,prediction_id,error,error_2,prediction_id_2,predicted_label,.*,error_3$/,
    );
    expect(row).toMatch(/,x,y,z,[0-9a-f-]{36},/);
    const told = await predict("rows.csv", text, "out.csv", "--json");
    expect(JSON.parse(told.out)).toMatchObject({
      renamed_columns: { prediction_id: "prediction_id_2", error: "error_3" },
    });
    // Its own answers are a file of rows, too.
    const again = await predict("rows.csv", written, "again.csv");
    const names = again.written.split("\n")[0]?.split(",") ?? [];
    expect(new Set(names).size).toBe(names.length);
  });

  it("never writes over the file of the rows, whatever its path is called", async () => {
    const text = holdoutCsv("iris-logreg");
    const file = await writeTemporary("rows.csv", text);
    const link = join(dirname(file), "link.csv");
    await symlink(file, link);
    for (const out of [file, link, join(dirname(file), ".", "rows.csv")]) {
      const ran = await freshet("predict", "iris-logreg", file, "--out", out);
      expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(/is the file of the rows/)]);
    }
    expect(await readFile(file, "utf8")).toBe(text);
    const through = await freshet("predict", "iris-logreg", link, "--out", file);
    expect(through.code).toBe(2);
    expect(await readFile(file, "utf8")).toBe(text);
  });

  it("says that its answers have no records, unless the deployment has them kept", async () => {
    const [head, first] = holdoutCsv("iris-logreg").split("\n");
    const text = `${head}\n${first}\n`;
    const said = /these answers have no records.*"rate": 1/;
    expect((await predict("rows.csv", text, "out.csv")).err).toMatch(said);
    const { bytes } = readFixture("iris-logreg", "1");
    await putVersion(stack().store, "kept", "1", bytes, fixtureManifest("iris-logreg", "1"));
    const routes = { production: { "1": 100 } };
    await putDeployment(stack().store, "kept", 1, routes, { record: { rate: 0.5 } });
    const file = await writeTemporary("rows.csv", text);
    const out = join(dirname(file), "out.csv");
    expect(await freshet("predict", "kept", file, "--out", out)).toMatchObject({
      code: 0,
      err: "",
    });
  });

  it("says what is taken when there is no file, or no place for the answers", async () => {
    expect(
      await freshet("predict", "iris-logreg", "--input", "[1]", "--out", "o.csv"),
    ).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--out is for a file/),
    });
    const file = await writeTemporary("rows.csv", holdoutCsv("iris-logreg"));
    const nowhere = join(dirname(file), "nowhere", "o.csv");
    expect(await freshet("predict", "iris-logreg", file, "--out", nowhere)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/cannot write .*ENOENT/),
    });
    const missing = join(dirname(file), "missing.csv");
    expect(await freshet("predict", "iris-logreg", missing, "--out", nowhere)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/there is no such file/),
    });
  });

  it("ends with 3 when nobody answers", async () => {
    const file = await writeTemporary("rows.csv", holdoutCsv("iris-logreg"));
    const out = join(dirname(file), "o.csv");
    const ran = await cliFor("http://127.0.0.1:1")("predict", "iris-logreg", file, "--out", out);
    expect([ran.code, ran.err]).toEqual([3, expect.stringMatching(/cannot reach/)]);
  });
});

/** Answers the first three lines of a request, then what `end` does. */
async function startHalfServer(end: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    response.on("error", () => undefined);
    if (request.method === "GET") {
      response.writeHead(404).end();
      return;
    }
    request.once("data", () => {
      response.writeHead(200, {
        "content-type": "application/x-ndjson",
        "x-freshet-model": "iris-logreg",
        "x-freshet-version": "1",
      });
      for (const label of ["a", "b", "c"]) {
        response.write(`${JSON.stringify({ ok: true, prediction_id: label, label })}\n`);
      }
      // What was written is to be there before the end.
      setTimeout(() => end(response), 50);
    });
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

describe("an answer that breaks off", () => {
  const final = { ok: false, final: true, error: { code: "bad_encoding", detail: "it broke" } };

  it.each([
    ["by its connection", 3, /cannot reach/, (response: ServerResponse) => response.destroy()],
    [
      "by its last line",
      1,
      /it broke/,
      (response: ServerResponse) => response.end(`${JSON.stringify(final)}\n`),
    ],
    [
      "without a word",
      1,
      /72 rows came back without an answer/,
      (response: ServerResponse) => response.end(),
    ],
    ["in a line", 1, /no result/, (response: ServerResponse) => response.end('{"ok":tr')],
  ])(
    "%s is told with exit code %i, and what came before is kept",
    async (_how, code, message, end) => {
      const server = await startHalfServer(end);
      const file = await writeTemporary("rows.csv", holdoutCsv("iris-logreg"));
      const out = join(dirname(file), "o.csv");
      const ran = await cliFor(server.url)("predict", "iris-logreg", file, "--out", out);
      server.stop();
      expect([ran.code, ran.err]).toEqual([code, expect.stringMatching(message)]);
      expect(ran.err).toMatch(/3 rows were answered before it broke off: .*o\.csv\.partial/);
      await expect(access(out)).rejects.toThrow();
      expect((await readFile(`${out}.partial`, "utf8")).trimEnd().split("\n")).toHaveLength(4);
    },
  );
});

describe("answers that there was no room for on record", () => {
  it("are counted, in words and in the summary", async () => {
    const server = await startHalfServer((response) => {
      const lost = { ok: true, prediction_id: "d", recorded: false, label: "d" };
      response.end(`${JSON.stringify(lost)}\n${JSON.stringify(lost)}\n`);
    });
    const rows = holdoutCsv("iris-logreg").split("\n").slice(0, 6).join("\n");
    const file = await writeTemporary("rows.csv", rows);
    const out = join(dirname(file), "o.ndjson");
    const asked = ["predict", "iris-logreg", file, "--out", out] as const;
    const told = await cliFor(server.url)(...asked);
    expect([told.code, told.out.trimEnd().split("\n").at(-1)]).toEqual([
      0,
      expect.stringMatching(/^2 answers have no record, .* no outcome can be given to them$/),
    ]);
    const { out: summary } = await cliFor(server.url)(...asked, "--json");
    expect(JSON.parse(summary)).toMatchObject({ rows: 5, answered: 5, failed: 0, unrecorded: 2 });
    server.stop();
  });
});
