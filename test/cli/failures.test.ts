import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";
import { cliFor, runCli } from "./run-cli.ts";
import { writeTemporary } from "./write-fixture.ts";

const NOWHERE = { FRESHET_URL: "http://127.0.0.1:9" };

describe("a wrong command line ends with 2 and says what is meant", () => {
  it.each([
    [["modle"], /unknown command 'modle'\n\(Did you mean model\?\)/],
    [["model", "pubish"], /\(Did you mean publish\?\)/],
    [["model", "list", "--tsk", "x"], /\(Did you mean --task\?\)/],
    [["model", "publish", "iris"], /missing required argument 'file'/],
    [
      ["model", "publish", "iris", "/no/such.onnx"],
      /cannot read \/no\/such\.onnx: there is no such/,
    ],
    [["model", "publish", "iris@2", "/dev/null"], /Leave '@…' out/],
    [["model", "show", "-a-"], /unknown option|not a model name/],
    [["model", "show", "ir is"], /'ir is' is not a model name/],
    [["model", "delete", "iris"], /Write NAME@VERSION, such as iris@3/],
    [["model", "tag", "iris@1", "x"], /'x' is no tag/],
    [["model", "prune", "iris"], /required option '--keep-last <n>'/],
    [["model", "prune", "iris", "--keep-last", "0"], /whole number from 1/],
    [["alias", "set", "iris", "canary"], /either a version or --weights/],
    [["alias", "set", "iris", "canary", "--weights", "1=90,2=5"], /sum to 95, not 100/],
    [["predict", "iris"], /either --input, --entities or a file/],
    [["predict", "iris", "--input", "[1,"], /--input is not JSON/],
    [["status", "--url", "localhost"], /not the URL of a server/],
    [["status", "--token", "two words"], /--token holds no token/],
  ])("%j", async (args, said) => {
    const { code, out, err } = await runCli(args, NOWHERE);
    expect(err).toMatch(said);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });

  it("tells the usage when nothing is asked for", async () => {
    const alone = await runCli([]);
    expect(alone).toMatchObject({ code: 2, err: expect.stringMatching(/^Usage: freshet/) });
    const group = await runCli(["model"]);
    expect(group).toMatchObject({ code: 2, err: expect.stringMatching(/publish <name> <file>/) });
  });
});

describe("when nobody answers", () => {
  it.each([
    ["http://127.0.0.1:9", /nobody listens there/],
    ["http://freshet.invalid", /no such host|cannot be looked up/],
  ])("%s: ends with 3 and says what to do", async (url, said) => {
    const { code, out, err } = await runCli(["model", "list"], { FRESHET_URL: url });
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toMatch(said);
    expect(err).toMatch(/npm start/);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  it("says it in JSON, too", async () => {
    const { code, out } = await runCli(["model", "list", "--json"], NOWHERE);
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: "unreachable", detail: expect.any(String) },
    });
  });
});

describe("a command line that is wrong", () => {
  it.each([
    [["model", "list", "--nope"], "unknown option '--nope'"],
    [["predict"], "missing required argument 'name[@ref]'"],
    [["prediction", "list", "iris", "--limit", "0"], "whole number from 1"],
    [["modl"], "unknown command 'modl'"],
    [["model"], "a command is missing"],
  ])("ends with 2 and says why in JSON, too: %j", async (args, said) => {
    const { code, out } = await runCli([...args, "--json"]);
    expect(code).toBe(2);
    const detail = expect.stringContaining(said);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "usage", detail } });
  });
});

describe("when the server refuses", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack.stop());

  it("tells a wrong token from a missing one, and never repeats it", async () => {
    const secret = "not-the-token-of-this-server";
    const wrong = await cliFor(stack.url, secret)("promote", "iris-logreg");
    expect(wrong).toMatchObject({ code: 1, out: "" });
    expect(wrong.err).toMatch(/token is not valid.*FRESHET_TOKEN/);
    const missing = await runCli(["promote", "iris-logreg"], { FRESHET_URL: stack.url });
    expect(missing.err).toMatch(/needs the scope 'admin'.*FRESHET_TOKEN/);
    const verbose = await cliFor(stack.url, secret)("status", "--verbose");
    expect(verbose.err).toMatch(/token from FRESHET_TOKEN/);
    expect([wrong, missing, verbose].map(({ err, out }) => err + out).join()).not.toMatch(secret);
  });

  it("finds the token of the local stack in its data folder", async () => {
    const file = await writeTemporary("admin-token", `${TEST_TOKEN}\n`);
    const FRESHET_DATA_DIR = file.slice(0, file.lastIndexOf("/"));
    const args = ["alias", "set", "iris-logreg", "staging", "1", "--verbose"];
    const { code, err } = await runCli(args, { FRESHET_URL: stack.url, FRESHET_DATA_DIR });
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/admin-token\n$/) });
  });

  it("puts each wrong field on a line of its own", async () => {
    const manifest = await writeTemporary(
      "manifest.json",
      JSON.stringify({ task: "guessing", clases: [] }),
    );
    const model = await writeTemporary("x.onnx", "x");
    const args = ["model", "publish", "x", model, "--manifest", manifest] as const;
    const { code, err } = await cliFor(stack.url)(...args);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: .*\n {2}.*task.*\n {2}.*clases/);
    const { out } = await cliFor(stack.url)(...args, "--json");
    expect(JSON.parse(out)).toMatchObject({
      error: { status: 400, errors: [{ path: expect.stringMatching(/task/) }, {}] },
    });
  });

  it("names what there is when a model, version or alias is not there", async () => {
    const freshet = cliFor(stack.url);
    expect((await freshet("model", "show", "iriss")).err).toMatch(/no model 'iriss'.*model list/);
    expect((await freshet("model", "show", "iris-logreg@9")).err).toMatch(/model versions/);
    expect((await freshet("promote", "iris-logreg", "--from", "canary")).err).toMatch(
      /it has production/,
    );
    expect((await freshet("rollback", "wine-pipeline")).err).toMatch(/--to VERSION/);
  });

  it("says so when the URL is not Freshet's", async () => {
    const { code, err } = await cliFor(`${stack.url}/docs`)("model", "list");
    expect(code).toBe(1);
    expect(err).toMatch(/nothing at GET \/docs\/v1\/models|not what this command expects/);
  });

  it("looks at everything with doctor", async () => {
    const well = await cliFor(stack.url)("doctor", "--json");
    expect(well.code).toBe(0);
    expect(JSON.parse(well.out)).toMatchObject({
      ok: true,
      findings: expect.arrayContaining([
        {
          check: "conditional writes",
          verdict: "ok",
          detail: "the store enforces If-None-Match and If-Match",
        },
      ]),
    });
    const unwell = await cliFor(stack.url, "wrong-token")("doctor");
    expect(unwell).toMatchObject({ code: 1, out: expect.stringMatching(/bad +token/) });
    expect((await runCli(["doctor"], NOWHERE)).code).toBe(3);
  });
});
