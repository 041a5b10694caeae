import { describe, expect, it } from "vitest";
import { fixtureNames } from "../support/fixtures.ts";

import { modelWithWeights } from "./model-with-weights.ts";
import { invalidFile, jsonOf, runCli } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeFixture, writeTemporary } from "./write-fixture.ts";

/** The reason that each file is refused for, by the command and by the server alike. */
const REFUSED: readonly (readonly [file: string, reason: RegExp])[] = [
  ["custom_domain.onnx", /operator 'Secret' of domain 'com\.example' is not in the engine/],
  ["dims_lie.onnx", /tensor 'w' says it is float \[1099511627776\]/],
  ["empty.onnx", /is empty/],
  ["external_data.onnx", /tensor 'w' keeps its data in another file/],
  ["flipped.onnx", /a field is not of the type that ONNX gives it/],
  ["html.onnx", /a web page or XML/],
  ["loop_burner.onnx", /a Loop has no constant trip count/],
  ["sequence_output.onnx", /output 'y' is a sequence/],
  ["truncated.onnx", /reaches past the end/],
  ["unknown_op.onnx", /operator 'NoSuchOp' is not in operator set 15/],
  ["zipmap_output.onnx", /output 'probabilities' is a sequence.*'zipmap': False/],
];

const NO_TRACE = /\n\s+at |node:internal|Error:/;

describe("model check", () => {
  it.each(REFUSED)("refuses %s with its own reason and exit code 1", async (file, reason) => {
    const { code, out, err } = await runCli(["model", "check", invalidFile(file)]);
    expect(code).toBe(1);
    expect(out).toMatch(/would be refused/);
    expect(err).toMatch(reason);
    expect(err).not.toMatch(NO_TRACE);
  });

  it("tells what a good file is, what it takes and how fast it is, without a server", async () => {
    const { file } = await writeFixture("digits-mlp", "1");
    const report = await jsonOf(
      runCli(["model", "check", file, "--json"], { FRESHET_URL: "http://127.0.0.1:1" }),
    );
    expect(report).toMatchObject({
      ok: true,
      inputs: [{ name: "features", datatype: "FP32", shape: [-1, 64] }],
      outputs: [{ name: "label" }, { name: "probabilities", shape: [-1, 10] }],
      opsets: { "ai.onnx": 15 },
      producer: { name: "fixtures-onnxconv" },
      nodes: 8,
      budget_bytes: 48 * 1024 * 1024,
      load_ms: expect.any(Number),
      run_ms: expect.any(Number),
    });
  });

  it("refuses what the budget has no room for, and says how much it takes", async () => {
    const file = await writeTemporary("wide.onnx", modelWithWeights(400_000));
    const { code, err } = await runCli(["model", "check", file, "--budget", "2"]);
    expect(code).toBe(1);
    expect(err).toMatch(/takes \d{7} bytes of memory; the budget is 2097152/);
    expect((await runCli(["model", "check", file])).code).toBe(0);
  });

  it("refuses what is too large to load, before it tries", async () => {
    const file = await writeTemporary("large.onnx", modelWithWeights(7_000_000));
    const { code, err } = await runCli(["model", "check", file]);
    expect(code).toBe(1);
    expect(err).toMatch(/28000\d{3} bytes; \d+ is the most/);
  });

  it.each<[manifest: object, told: readonly RegExp[]]>([
    [
      { task: "classification", classes: ["a", "b"], features: [{ name: "a", dtype: "float32" }] },
      [
        /manifest\.features: 1 are named, where the input 'features' \[-1, 4\] takes 4 a row/,
        /manifest\.classes: 2 are named, where the output 'probabilities' has 3 a row/,
      ],
    ],
    [
      { features: [{ name: "a", dtype: "banana", mising: 0, categories: ["x", "x"] }] },
      [
        /features\.0\.dtype: "banana" is no type of values/,
        /features\.0\.categories: names "x" twice/,
        /features\.0: 'mising' is not known here; did you mean 'missing'\?/,
      ],
    ],
  ])("refuses a manifest that does not fit, by its fields: %j", async (manifest, told) => {
    const { file } = await writeFixture("iris-logreg", "1");
    const said = await writeTemporary("manifest.json", JSON.stringify(manifest));
    const { code, err } = await runCli(["model", "check", file, "--manifest", said]);
    expect(code).toBe(1);
    for (const one of told) expect(err).toMatch(one);
  });

  it("runs the sample of a manifest, and says where the answers differ", async () => {
    const { file, rows } = await writeFixture("iris-logreg", "1");
    const sample = (label: number) => ({
      inputs: [{ name: "features", datatype: "FP32", shape: [1, 4], data: rows[0] }],
      outputs: [{ name: "label", datatype: "INT64", shape: [1], data: [label] }],
    });
    const checkWith = async (manifest: object) => {
      const path = await writeTemporary("manifest.json", JSON.stringify(manifest));
      return runCli(["model", "check", file, "--manifest", path]);
    };
    expect(await checkWith({ sample: sample(2) })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/sample +runs, and answers as it says/),
    });
    const differs = await checkWith({ sample: sample(0) });
    expect(differs).toMatchObject({ code: 1, err: expect.stringMatching(/element 0 is 2/) });
    const misspelt = await checkWith({ clases: ["a"] });
    expect(misspelt).toMatchObject({ code: 1, err: expect.stringMatching(/clases/) });
  });
});

describe("model publish", () => {
  const { freshet, stack } = withStack();

  it.each(REFUSED)("refuses %s with the same reason, and leaves nothing", async (file, reason) => {
    const { code, out, err } = await freshet("model", "publish", "bad", invalidFile(file));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(reason);
    expect(err).not.toMatch(NO_TRACE);
    const kept = await stack().store.list("models/bad/", { deadlineMs: 5_000, limit: 10 });
    expect(kept).toMatchObject({ ok: true, value: { objects: [] } });
  });

  it.each(fixtureNames())("publishes %s %s, which then answers", async (name, version) => {
    const { file, rows } = await writeFixture(name, version);
    const published = await jsonOf(freshet("model", "publish", `my-${name}`, file, "--json"));
    expect(published).toMatchObject({ name: `my-${name}` });
    const { version: number } = published as { version: string };
    const input = JSON.stringify(rows.slice(0, 3));
    const answer = await freshet("predict", `my-${name}@${number}`, "--input", input, "--json");
    expect(answer).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(answer.out)).toMatchObject({
      model_version: number,
      outputs: expect.arrayContaining([expect.objectContaining({ data: expect.any(Array) })]),
    });
  });

  it("keeps production from an incompatible version, unless it is forced", async () => {
    const { file } = await writeFixture("iris-logreg", "1");
    await freshet("model", "publish", "flowers", file);
    const other = invalidFile("iris_incompatible_v2.onnx");
    const checked = await freshet("model", "check", other, "--against", "flowers");
    expect(checked).toMatchObject({ code: 1, err: expect.stringMatching(/\n {2}inputs/) });
    const moved = await freshet("model", "publish", "flowers", other, "--alias", "production");
    expect(moved.code).toBe(1);
    expect(moved.err).toMatch(/--force[\s\S]*\n {2}inputs/);
    // Refused before there was a version: without the alias it becomes one.
    expect((await freshet("model", "show", "flowers@2")).code).toBe(1);
    expect((await freshet("model", "publish", "flowers", other)).code).toBe(0);
    const compared = await freshet("model", "compare", "flowers", "1", "2");
    expect(compared.out).toMatch(/incompatible/);
    const forced = await freshet("alias", "set", "flowers", "production", "2", "--force");
    expect(forced.code).toBe(0);
  });

  it("takes a model whose inputs may ask for too much: that is refused when it is asked", async () => {
    const file = invalidFile("alloc_bomb.onnx");
    expect((await freshet("model", "publish", "bomb", file)).code).toBe(0);
    const asked = await freshet("predict", "bomb", "--input", "[100000, 100000]");
    expect(asked.code).toBe(1);
    expect(asked.err).not.toMatch(NO_TRACE);
  });
});
