import { describe, expect, it } from "vitest";
import { jsonOf, runCli } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

describe("entities and conversations by command line", () => {
  const { freshet } = withStack();

  const get = (id: string) => jsonOf(freshet("entity", "get", "match", id, "--json"));
  const cellsOf = (out: string) =>
    out
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/ {2,}/)[0]);

  it("puts, shows, lists, finishes, opens again and deletes an entity", async () => {
    const features = '{"home": 1.5, "team": "größe"}';
    const put = await freshet("entity", "put", "match", "m-1", "--features", features);
    expect(put).toMatchObject({ code: 0, out: "match m-1 is open (revision 1)\n", err: "" });
    const shown = await freshet("entity", "get", "match", "m-1");
    expect(shown.out).toMatch(/^entity +match m-1\nstate +open\nfeatures +home=1.5, team=größe\n/);
    const finished = await freshet("entity", "finish", "match", "m-1", "2");
    expect(finished.out).toBe("match m-1 is finished: 2 (revision 2)\n");
    expect(await get("m-1")).toMatchObject({ outcome: 2, features: { home: 1.5 } });
    const other = await freshet("entity", "finish", "match", "m-1", "2", "--text");
    expect(other).toMatchObject({ code: 1, out: "" });
    expect(other.err).toMatch(/finished.*--replace/);
    await freshet("entity", "finish", "match", "m-1", "2", "--text", "--replace");
    expect(await get("m-1")).toMatchObject({ outcome: "2" });
    const listed = await freshet("entity", "list", "match", "--state", "finished");
    expect(listed.out).toMatch(/^ID +STATE +OUTCOME/);
    expect(cellsOf(listed.out)).toEqual(["m-1"]);
    await freshet("entity", "put", "match", "m-1", "--reopen");
    expect(await get("m-1")).toMatchObject({ state: "open", features: { home: 1.5 } });
    expect((await freshet("entity", "list", "match", "--state", "finished")).out).toMatch(
      /no such 'match' yet/,
    );
    expect((await freshet("entity", "delete", "match", "m-1")).out).toBe("deleted match m-1\n");
    expect(await freshet("entity", "get", "match", "m-1")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/there is no 'match' of the id 'm-1'.*entity list/),
    });
  });

  it("predicts on entities, and fails where one of them has no answer", async () => {
    const features = JSON.stringify({
      ...{ "sepal length (cm)": 6.2, "sepal width (cm)": 2.8 },
      ...{ "petal length (cm)": 4.8, "petal width (cm)": 1.8 },
    });
    await freshet("entity", "put", "flower", "f-1", "--features", features);
    const asked = await freshet("predict", "iris-logreg", "--entities", "flower:f-1");
    expect(asked).toMatchObject({ code: 0, err: "" });
    expect(asked.out).toMatch(/^iris-logreg@1\nENTITY +ANSWER.*\nflower:f-1 +virginica 0\.5470/);
    const some = ["predict", "iris-logreg", "--entities", "flower:none,flower:f-1"];
    const failed = await freshet(...some);
    expect(failed.out).toMatch(/flower:none +entities\[0\] is not there: .*\nflower:f-1 +virg/);
    expect(failed).toMatchObject({
      code: 1,
      err: expect.stringContaining("1 of 2 entities has no answer"),
    });
    const json = await freshet(...some, "--json");
    expect(JSON.parse(json.out)).toMatchObject({
      results: [{ ok: false, error: { code: "entity_not_found" } }, { label: "virginica" }],
      meta: { version: "1" },
    });
    const empty = await freshet("predict", "iris-logreg", "--entities", "flower:f-1,");
    expect(empty).toMatchObject({ code: 2, out: "" });
    const both = await freshet("predict", "iris-logreg", "rows.csv", "--entities", "flower:f-1");
    expect(both.code).toBe(2);
  });

  it("tells what became of the predictions on what it finishes, alone and of a table", async () => {
    const features = JSON.stringify({
      ...{ "sepal length (cm)": 6.2, "sepal width (cm)": 2.8 },
      ...{ "petal length (cm)": 4.8, "petal width (cm)": 1.8 },
    });
    for (const id of ["t-1", "t-2"]) {
      await freshet("entity", "put", "flower", id, "--features", features);
      await freshet("predict", "iris-logreg", "--entities", `flower:${id},flower:${id}`);
    }
    const list = ["prediction", "list", "iris-logreg", "--json"];
    await expect
      .poll(async () => JSON.stringify(await jsonOf(freshet(...list))).match(/"t-[12]"/g)?.length)
      .toBe(4);
    const finished = await freshet("entity", "finish", "flower", "t-1", "banana");
    expect(finished.out).toMatch(/\n {2}2 cannot have this outcome/);
    const file = await writeTemporary("results.csv", "id,result\nt-1,virginica\nt-2,setosa\n");
    const args = ["entity", "import", "flower", file, "--outcome", "result", "--replace"];
    expect((await freshet(...args)).out).toMatch(/\npredictions on it: 4 settled, 0 had/);
    expect(await jsonOf(freshet(...args, "--json"))).toMatchObject({
      predictions: { settled: 0, unchanged: 4, pending: 0 },
    });
  });

  it("keeps __proto__ as a feature, from a table and back", async () => {
    const file = await writeTemporary("proto.csv", "id,__proto__,x\np-1,5,6\n");
    await freshet("entity", "import", "match", file);
    const { out } = await freshet("entity", "get", "match", "p-1", "--json");
    expect(out).toMatch(/"__proto__": ?5/);
    expect((await freshet("entity", "get", "match", "p-1")).out).toContain("__proto__=5");
  });

  it("refuses numbers that would be kept as other ones", async () => {
    const file = await writeTemporary("big.csv", "id,x\nn-1,1e400\nn-2,12345678901234567890\n");
    const imported = await freshet("entity", "import", "match", file);
    expect(imported).toMatchObject({ code: 1 });
    expect(imported.out).toMatch(/row 1: 'x' is 1e400, .*\n.*row 2: 'x' is 123.* \(--text x\)/);
    await freshet("entity", "import", "match", file, "--text", "x");
    expect(await get("n-2")).toMatchObject({ features: { x: "12345678901234567890" } });
    const put = ["entity", "put", "match", "n-3", "--features", '{"a":{"b":1e400}}'];
    expect(await freshet(...put)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--features: a\.b is 1e400/),
    });
    const finish = ["entity", "finish", "match", "n-2", "12345678901234567890"];
    expect(await freshet(...finish)).toMatchObject({ code: 2 });
    expect(await freshet(...finish, "--text")).toMatchObject({ code: 0 });
    const event = ["--category", "a", "--resource", "b", "--payload", "[1e400]"];
    expect(await freshet("conversation", "append", "n", ...event)).toMatchObject({ code: 2 });
  });

  it("takes features from a file", async () => {
    const file = await writeTemporary("features.json", '{"a": [1, null]}');
    await freshet("entity", "put", "match", "m-2", "--file", file);
    expect(await get("m-2")).toMatchObject({ features: { a: [1, null] } });
  });

  it("imports a table: features by column, text where it is told, outcomes where they are known", async () => {
    const csv = [
      "id,home,code,note,result",
      'c-1,1.50,007,"a, b",home',
      "c-2,-2e3,12,,",
      "c-3,,nan,x,0",
    ].join("\r\n");
    const file = await writeTemporary("matches.csv", csv);
    const args = ["entity", "import", "match", file, "--outcome", "result", "--text", "code"];
    expect(await freshet(...args)).toMatchObject({
      code: 0,
      out: "3 of 3 rows written as 'match'\n",
    });
    expect(await get("c-1")).toMatchObject({
      state: "finished",
      outcome: "home",
      features: { home: 1.5, code: "007", note: "a, b" },
    });
    const open = await get("c-2");
    expect(open).toMatchObject({ state: "open", features: { home: -2000, code: "12" } });
    expect(await get("c-3")).toMatchObject({ outcome: 0, features: { code: "nan", note: "x" } });
    expect(await freshet(...args)).toMatchObject({ code: 0 });
    expect(await get("c-2")).toEqual(open);
    const outcomes = await writeTemporary("outcomes.csv", "match,result\nc-2,away\n");
    const idAndOutcome = ["--id", "match", "--outcome", "result"];
    await freshet("entity", "import", "match", outcomes, ...idAndOutcome);
    expect(await get("c-2")).toMatchObject({ outcome: "away", features: { home: -2000 } });
  });

  it("tells of each row that failed, writes the others, and ends with 1", async () => {
    const csv = "id,x\nd-1,1\nd 2,1\nd-3,1,1\nc-1,5\n";
    const file = await writeTemporary("bad.csv", csv);
    const imported = await freshet("entity", "import", "match", file);
    expect(imported.code).toBe(1);
    expect(imported.out).toMatch(/^2 of 4 rows written/);
    expect(imported.out).toMatch(/row 2: .*id/);
    expect(imported.out).toMatch(/row 3: 3 cells under a header of 2/);
    expect(imported.err).toMatch(/2 of 4 rows failed/);
    const lines = await writeTemporary(
      "bad.ndjson",
      '{"id":"e-1","features":{}}\n\n{"id":"c-1","state":"open"}\n',
    );
    const { code, out } = await freshet("entity", "import", "match", lines, "--json");
    expect([code, JSON.parse(out)]).toEqual([
      1,
      {
        rows: 2,
        written: 1,
        failed: 1,
        errors: [{ row: 2, id: "c-1", code: "entity_finished", detail: expect.any(String) }],
      },
    ]);
  });

  it("says in its own words how a finished one is changed", async () => {
    const file = await writeTemporary("done.csv", "id,x,result\nw-1,1,home\n");
    const args = ["entity", "import", "match", file, "--outcome", "result"];
    await freshet(...args);
    const other = await writeTemporary("other.csv", "id,x,result\nw-1,1,away\n");
    const { code, out } = await freshet("entity", "import", "match", other, "--outcome", "result");
    expect([code, out]).toEqual([1, expect.stringMatching(/is finished.*--replace changes it/)]);
    expect(out).not.toMatch(/"replace": true/);
    const set = await freshet("entity", "finish", "match", "w-1", "away");
    expect(set.err).toMatch(/is finished.*--replace changes it/);
    expect(set.err).not.toMatch(/"replace": true/);
  });

  it.each([
    ["a column twice", "id,x,x\nz-1,1,2\n", /column 'x' stands in the header more than once/],
    ["Latin-1", Buffer.from("id,x\nz-1,M\xfcller\n", "latin1"), /is not UTF-8 at byte 10/],
  ])("imports nothing of a table with %s", async (_what, text, said) => {
    const file = await writeTemporary("bad.csv", text);
    const { code, err } = await freshet("entity", "import", "match", file);
    expect([code, err]).toEqual([2, expect.stringMatching(said)]);
    expect((await freshet("entity", "get", "match", "z-1")).code).toBe(1);
  });

  it("imports 3,000 rows, in several requests", async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => `${index},${index / 8}`);
    const file = await writeTemporary("many.csv", `id,x\n${rows.join("\n")}\n`);
    const summary = await jsonOf(freshet("entity", "import", "bulk", file, "--json"));
    expect(summary).toEqual({ rows: 3_000, written: 3_000, failed: 0, errors: [] });
    const listed = await jsonOf(freshet("entity", "list", "bulk", "--limit", "5000", "--json"));
    const { items } = listed as { readonly items: readonly { id: string; features: object }[] };
    expect(items).toHaveLength(3_000);
    expect(items.find(({ id }) => id === "2999")?.features).toEqual({ x: 374.875 });
  });

  it("appends to a conversation and shows it", async () => {
    const named = ["--category", "risk", "--resource", "loan"];
    const one = await freshet("conversation", "append", "c-1", ...named, "--payload", "0.5");
    expect(one).toMatchObject({ code: 0, out: "1 event appended, 1 in all\n", err: "" });
    const event = { category: "risk", resource: "card", payload: { a: 1 }, _model: "iris" };
    const array = await writeTemporary("events.json", JSON.stringify([event, event]));
    expect((await freshet("conversation", "append", "c-1", array)).out).toMatch(/^2 .* 3 in all/);
    const lines = await writeTemporary("events.ndjson", `${JSON.stringify(event)}\n`);
    expect((await freshet("conversation", "append", "c-1", lines)).out).toMatch(/4 in all/);
    const shown = await freshet("conversation", "show", "c-1");
    expect(shown.out).toMatch(/risk +loan +- +unknown@unknown +unknown +0\.5\n/);
    expect(shown.out.match(/risk +card +- +iris@unknown/g)).toHaveLength(3);
    const latest = await freshet("conversation", "show", "c-1", "--latest", "--resource", "card");
    expect(latest.out.match(/risk +card/g)).toHaveLength(1);
    expect(await freshet("conversation", "show", "nobody")).toMatchObject({
      code: 0,
      out: "no such events\n",
    });
  });
});

describe("a wrong command line", () => {
  const nowhere = { FRESHET_URL: "http://127.0.0.1:9" };

  it.each<readonly [args: readonly string[], said: RegExp]>([
    [["entity", "get", "Match", "1"], /'Match' is not a type/],
    [["entity", "get", "match", "a b"], /'a b' is not an id/],
    [["entity", "put", "match", "1", "--features", "[1]"], /--features is not an object/],
    [["entity", "put", "match", "1", "--features", "{}", "--file", "x"], /either --features/],
    [["entity", "import", "match", "/no/such.csv"], /cannot read \/no\/such\.csv/],
    [["entity", "import", "match", "/no/such.txt"], /must end in \.csv/],
    [["conversation", "append", "c-1"], /--category, --resource and --payload/],
    [
      ["conversation", "append", "c-1", "--category", "a", "--resource", "b", "--payload", "low"],
      /--payload is not JSON/,
    ],
    [["conversation", "show", "-c"], /unknown option|not an id/],
  ])("%j ends with 2", async (args, said) => {
    const { code, out, err } = await runCli(args, nowhere);
    expect([code, out, err]).toEqual([2, "", expect.stringMatching(said)]);
  });

  it("says which columns a table has when the id's is none of them", async () => {
    const file = await writeTemporary("no-id.csv", "key,x\na,1\n");
    const { code, err } = await runCli(["entity", "import", "match", file], nowhere);
    expect([code, err]).toEqual([2, expect.stringMatching(/no column 'id'.*key, x/s)]);
  });
});
