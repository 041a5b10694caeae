import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import {
  type ClientResult,
  fixtureManifest,
  holdoutCsv,
  readResults,
} from "../support/fixture-rows.ts";
import { fixtureNames, readFixture } from "../support/fixtures.ts";
import { ELEMENT, encodeModel, node, tensor } from "../support/onnx-encoder.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";
import { startTestStack } from "../support/stack.ts";

/** On probabilities onnxruntime agrees with the training library to 1e-6. */
const TOLERANCE = 1e-6;
/** On values of hundreds, sums of float32 over many trees, to what `model.json` states. */
const VALUE_TOLERANCE = 1e-4;

const post = (url: string, type: string, body: string): Promise<Response> =>
  fetch(url, { method: "POST", body, headers: { "content-type": type } });

describe("every fixture model's hold-out rows", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startTestStack({ MAX_ROWS: "2000" });
    for (const [name, version] of fixtureNames()) {
      const manifest = { ...fixtureManifest(name, version) };
      await putVersion(stack.store, name, version, readFixture(name, version).bytes, manifest);
    }
    for (const name of new Set(fixtureNames().map(([model]) => model))) {
      await putDeployment(stack.store, name, 2, { production: { "1": 100 } });
    }
  });

  afterAll(() => stack.stop());

  it.each(fixtureNames())(
    "%s version %s gives what its own library gives, as CSV, rows, columns and lines",
    async (name, version) => {
      const { rows, expected } = readFixture(name, version);
      const { features, classes } = fixtureManifest(name, version);
      const names = features.map((feature) => feature.name);
      const objects = rows.map((row) => Object.fromEntries(names.map((key, at) => [key, row[at]])));
      const columns = Object.fromEntries(names.map((key, at) => [key, rows.map((row) => row[at])]));
      const url = `${stack.url}/v1/models/${name}@${version}/predict`;
      const json = async (answer: Promise<Response>) =>
        ((await (await answer).json()) as { results: readonly ClientResult[] }).results;
      const lines = objects.map((row) => JSON.stringify(row)).join("\n");
      const answers = await Promise.all([
        json(post(url, "text/csv", holdoutCsv(name))),
        json(post(url, "application/json", JSON.stringify({ rows: objects }))),
        json(post(url, "application/json", JSON.stringify({ columns }))),
        post(url, "application/x-ndjson", lines).then(async (a) => readResults(await a.text())),
      ]);
      for (const results of answers) expectResults(results, expected, classes);
    },
  );
});

describe("rows of models of other shapes", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack.stop());

  async function ask(
    name: string,
    model: Parameters<typeof encodeModel>[0],
    rows: readonly unknown[],
  ) {
    await publish(stack.store, name, encodeModel(model));
    const url = `${stack.url}/v1/models/${name}/predict`;
    const answer = await post(url, "application/json", JSON.stringify({ rows }));
    const text = await answer.text();
    expect([answer.status, text]).toEqual([200, expect.anything()]);
    const { results } = JSON.parse(text) as { results: (ClientResult & { outputs?: unknown })[] };
    return results.map(({ ok, outputs, error }) => (ok ? outputs : error?.code));
  }

  const value = (name: string, type: number, shape: readonly (number | null)[]) => ({
    name,
    type,
    shape,
  });

  it("with several inputs, text among them, name each after its input", async () => {
    const model = {
      nodes: [node("Identity", ["age"], ["a"]), node("Identity", ["city"], ["c"])],
      inputs: [value("age", ELEMENT.FP32, [null, 1]), value("city", ELEMENT.BYTES, [null])],
      outputs: [value("a", ELEMENT.FP32, [null, 1]), value("c", ELEMENT.BYTES, [null])],
    };
    const rows = [{ city: "Wien", age: 7 }, { city: "", age: 0.5 }, { age: 1 }, ["Graz", 1]];
    expect(await ask("several", model, rows)).toEqual([
      { a: 7, c: "Wien" },
      { a: 0.5, c: "" },
      "missing_feature",
      "invalid_value",
    ]);
  });

  it("with categories that look like numbers take them for the same in every form", async () => {
    const model = {
      nodes: [node("Identity", ["x"], ["y"])],
      inputs: [value("x", ELEMENT.FP32, [null, 1])],
      outputs: [value("y", ELEMENT.FP32, [null, 1])],
    };
    const features = [{ name: "pclass", dtype: "string", categories: ["1", "2", "3"] }];
    await putVersion(stack.store, "cabins", "1", encodeModel(model), { features });
    await putDeployment(stack.store, "cabins", 1, { production: { "1": 100 } });
    const path = "/v1/entities/passenger/p-1";
    await callApi(stack.url, "PUT", path, { features: { pclass: 2 } });
    const url = `${stack.url}/v1/models/cabins/predict`;
    const json = (body: object) => post(url, "application/json", JSON.stringify(body));
    const answers = await Promise.all([
      json({ rows: [{ pclass: 2 }] }),
      json({ rows: [["2"]] }),
      json({ columns: { pclass: [2] } }),
      json({ entities: ["passenger:p-1"] }),
      post(url, "text/csv", "pclass\n2\n"),
      post(url, "text/csv", "pclass\n2.0\n"),
    ]);
    for (const answer of answers) {
      expect(await answer.json()).toMatchObject({ results: [{ ok: true, outputs: { y: 1 } }] });
    }
  });

  it("that take one row a run are run row by row", async () => {
    const model = {
      nodes: [node("Identity", ["x"], ["y"])],
      inputs: [value("x", ELEMENT.FP32, [1, 2])],
      outputs: [value("y", ELEMENT.FP32, [1, 2])],
    };
    expect(await ask("single", model, [[1, 2], { f1: 4, f0: 3 }])).toEqual([
      { y: [1, 2] },
      { y: [3, 4] },
    ]);
  });

  it("whose graph refuses a value fail for that row alone", async () => {
    const model = {
      nodes: [node("Gather", ["w", "x"], ["y"])],
      inputs: [value("x", ELEMENT.INT64, [null])],
      outputs: [value("y", ELEMENT.FP32, [null])],
      initializers: [
        tensor("w", ELEMENT.FP32, [3], new Uint8Array(Float32Array.of(10, 20, 30).buffer)),
      ],
    };
    const rows = [[0], [2], [7], [1], ["9007199254740993"], [1.5]];
    expect(await ask("gather", model, rows)).toEqual([
      { y: 10 },
      { y: 30 },
      "rejected_input",
      { y: 20 },
      "rejected_input",
      "invalid_value",
    ]);
  });
});

function expectResults(
  results: readonly ClientResult[],
  expected: Readonly<Record<string, readonly unknown[]>>,
  classes: readonly string[],
): void {
  const { label, probabilities, prediction } = expected;
  const count = (label ?? prediction ?? []).length;
  expect(results).toHaveLength(count);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(new Set(results.map(({ prediction_id }) => prediction_id)).size).toBe(count);
  for (const [index, result] of results.entries()) {
    const truth = label?.[index];
    if (truth !== undefined) {
      expect(result.label).toBe(typeof truth === "number" ? classes[truth] : truth);
    }
    const shares = probabilities?.[index] as readonly number[] | undefined;
    for (const [place, share] of (shares ?? []).entries()) {
      expectNear(result.probabilities?.[classes[place] ?? ""], share, TOLERANCE);
    }
    const value = [prediction?.[index]].flat()[0];
    if (typeof value === "number") expectNear(result.value, value, VALUE_TOLERANCE);
  }
}

function expectNear(actual: number | undefined, wanted: number, tolerance: number): void {
  expect(Math.abs((actual ?? Number.NaN) - wanted)).toBeLessThanOrEqual(tolerance);
}
