import { describe, expect, it } from "vitest";
import { jsonOf } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeFixture } from "./write-fixture.ts";

describe("a release by command line", () => {
  const { freshet } = withStack();

  it("publishes, serves, promotes, rolls back, and the history tells it", async () => {
    const v1 = await writeFixture("breast-cancer-rf", "1");
    const v2 = await writeFixture("breast-cancer-rf", "2");
    expect(await freshet("model", "publish", "rf", v1.file)).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/published rf@1[\s\S]*serves as production/),
    });
    const staged = await freshet("model", "publish", "rf", v2.file, "--alias", "staging");
    expect(staged.out).toMatch(/published rf@2[\s\S]*serves as staging/);

    expect((await freshet("promote", "rf", "--reason", "better")).out).toMatch(/rf@production → 2/);
    const rows = JSON.stringify(v1.rows.slice(0, 2));
    const predicted = await freshet("predict", "rf@2", "--input", rows, "--json");
    expect(JSON.parse(predicted.out)).toMatchObject({ model_version: "2" });
    expect((await freshet("rollback", "rf", "--reason", "worse")).out).toMatch(/production → 1/);

    const told = await freshet("history", "rf");
    const lines = told.out.trim().split("\n");
    expect(lines.map((line) => line.trim().split(/ {2,}/).slice(2, 5))).toEqual([
      ["ACTION", "ALIAS", "FROM → TO"],
      ["rollback", "production", "2 → 1"],
      ["promote", "production", "1 → 2"],
      ["set", "staging", "- → 2"],
      ["publish", "production", "- → 1"],
    ]);
    expect(told.out).toMatch(/better/);
  });

  it("answers the version that the same bytes are already", async () => {
    const { file } = await writeFixture("diabetes-linear", "1");
    await freshet("model", "publish", "again", file);
    const again = await freshet("model", "publish", "again", file);
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/are again@1 already/) });
    expect(await jsonOf(freshet("model", "publish", "again", file, "--json"))).toMatchObject({
      version: "1",
      created: false,
    });
  });

  it("splits, shadows and takes away an alias", async () => {
    const { file } = await writeFixture("diabetes-gbr", "1");
    const second = await writeFixture("diabetes-gbr", "2");
    await freshet("model", "publish", "split", file);
    await freshet("model", "publish", "split", second.file);
    await freshet("alias", "set", "split", "canary", "--weights", "1=90,2=10");
    await freshet("alias", "set", "split", "staging", "1", "--shadow", "2");
    expect((await freshet("alias", "list", "split")).out.trim().split("\n").slice(1)).toEqual([
      "production  1",
      "canary      1 90% + 2 10%",
      "staging     1 (shadow 2)",
    ]);
    expect((await freshet("alias", "remove", "split", "canary")).code).toBe(0);
    expect(await jsonOf(freshet("alias", "list", "split", "--json"))).not.toHaveProperty(
      "aliases.canary",
    );
  });

  it("notes, deprecates, deletes and prunes versions", async () => {
    const files = await Promise.all(
      ["1", "2", "3"].map((version) => writeFixture("digits-mlp", version)),
    );
    for (const { file } of files) await freshet("model", "publish", "digits", file);
    await freshet("model", "tag", "digits@1", "team=ocr", "old=yes");
    await freshet("model", "tag", "digits@1", "old-");
    await freshet("model", "describe", "digits@1", "the first");
    await freshet("model", "deprecate", "digits@1", "use 3");
    expect((await freshet("model", "show", "digits@1")).out).toMatch(
      /deprecated +use 3\ndescription +the first[\s\S]*tags +team=ocr\n/,
    );
    expect((await freshet("model", "list", "--tag", "team=ocr")).out).toMatch(/^digits /m);

    const refused = await freshet("model", "delete", "digits@1");
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/production.*alias set/) });
    const dry = await freshet("model", "prune", "digits", "--keep-last", "1");
    expect(dry.out).toMatch(/would delete digits@2; 2 kept\. Say --yes/);
    await freshet("model", "prune", "digits", "--keep-last", "1", "--yes");
    expect((await freshet("model", "show", "digits@2")).err).toMatch(/is deleted/);
    expect((await freshet("model", "delete", "digits@3")).code).toBe(0);
    expect((await freshet("model", "versions", "digits")).out.trim().split("\n")).toHaveLength(2);
  });
});
