import { describe, expect, it } from "vitest";
import { jsonOf } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";

const ROWS = "[[6.2, 2.8, 4.8, 1.8]]";

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
    expect(asked.out).toMatch(/^iris-logreg@1 +1 +label +2$/m);
    expect(
      await jsonOf(freshet("bundle", "predict", "flowers", "--input", ROWS, "--json")),
    ).toMatchObject({
      results: [{ reference: "iris-logreg", ok: true }, { ok: true }],
    });
  });

  it("ends with 1 when a model of a bundle fails, its report given all the same", async () => {
    await freshet("bundle", "put", "mixed", "iris-logreg", "wine-pipeline");
    const asked = await freshet("bundle", "predict", "mixed", "--input", ROWS);
    expect(asked.code).toBe(1);
    expect(asked.out).toMatch(/^iris-logreg +1 +label/m);
    expect(asked.err).toMatch(/error: 1 model did not answer\n {2}wine-pipeline: input/);
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
