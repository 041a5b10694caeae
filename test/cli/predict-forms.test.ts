import { Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../src/cli/run.ts";
import { flowerLine } from "../support/generate-rows.ts";
import { ELEMENT, encodeModel, identityModel, node } from "../support/onnx-encoder.ts";
import { publish, putDeployment } from "../support/publish.ts";
import { TEST_TOKEN } from "../support/stack.ts";
import { jsonOf } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

const FLOWERS = Array.from(
  { length: 3 },
  (_, index) => JSON.parse(flowerLine(index)) as Readonly<Record<string, number>>,
);
const COLUMNS = Object.fromEntries(
  Object.keys(FLOWERS[0] ?? {}).map((name) => [name, FLOWERS.map((row) => row[name])]),
);

interface Told {
  readonly results: readonly { readonly label?: string; readonly outputs?: unknown }[];
  readonly meta: Readonly<Record<string, unknown>>;
}

describe("predict takes what the route takes", () => {
  const { stack, freshet } = withStack();
  beforeAll(async () => {
    await publish(stack().store, "square", identityModel(ELEMENT.FP32, [null, 2, 2]));
    const values = [
      { name: "a", type: ELEMENT.FP32, shape: [null, 2, 2] },
      { name: "b", type: ELEMENT.FP32, shape: [null, 1] },
    ];
    const both = encodeModel({
      nodes: values.map(({ name }) => node("Identity", [name], [`${name}_again`])),
      inputs: values,
      outputs: values.map((value) => ({ ...value, name: `${value.name}_again` })),
    });
    await publish(stack().store, "both", both);
  });

  const predict = async (model: string, text: string, name = "request.json") => {
    const file = await writeTemporary(name, text);
    return (await jsonOf(freshet("predict", model, file, "--json"))) as Told;
  };
  const labelsOf = ({ results }: Told) => results.map(({ label }) => label);

  it("rows, columns, and stored entities, each as a JSON file", async () => {
    const rows = await predict("iris-logreg", JSON.stringify({ rows: FLOWERS }));
    expect(rows.results).toHaveLength(3);
    const columns = await predict("iris-logreg", JSON.stringify({ columns: COLUMNS }));
    expect(labelsOf(columns)).toEqual(labelsOf(rows));
    const features = JSON.stringify(FLOWERS[0]);
    await freshet("entity", "put", "flower", "f-1", "--features", features);
    const entities = JSON.stringify({ entities: ["flower:f-1"] });
    const told = await predict("iris-logreg", entities);
    expect(labelsOf(told)).toEqual(labelsOf(rows).slice(0, 1));
    const file = await writeTemporary("entities.json", entities);
    expect((await freshet("predict", "iris-logreg", file)).out).toMatch(/^flower:f-1 +/m);
  });

  it("a conversation beside the rows", async () => {
    const conversation = { id: "c-1", category: "flowers", resource: "iris" };
    const told = await predict("iris-logreg", JSON.stringify({ rows: FLOWERS, conversation }));
    expect(told.meta).toMatchObject({ conversation: { id: "c-1", events: { length: 3 } } });
  });

  it("columns with --out, and says where their lengths differ", async () => {
    const file = await writeTemporary("columns.json", JSON.stringify({ columns: COLUMNS }));
    const ran = await freshet("predict", "iris-logreg", file, "--out", "-");
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out)).toHaveLength(3);
    const uneven = await writeTemporary("uneven.json", '{"columns":{"a":[1,2],"b":[1]}}');
    const { code, err } = await freshet("predict", "iris-logreg", uneven, "--out", "-");
    expect([code, err]).toEqual([2, expect.stringMatching(/column 'b' has 1 value, 'a' has 2/)]);
    const entities = await writeTemporary("entities.json", '{"entities":["a:b"]}');
    expect((await freshet("predict", "iris-logreg", entities, "--out", "-")).err).toMatch(
      /has entities, not rows\. Without --out/,
    );
  });

  it("arrays of values for a model without features", async () => {
    const y = [1, 2, 3, 4];
    const row = { a: [y.slice(0, 2), y.slice(2)], b: 5 };
    for (const [text, name] of [
      [JSON.stringify([row]), "rows.json"],
      [JSON.stringify({ rows: [Object.values(row)] }), "body.json"],
      [`${JSON.stringify(row)}\n`, "rows.ndjson"],
    ] as const) {
      const { results } = await predict("both", text, name);
      expect(results, name).toMatchObject([{ outputs: { a_again: y, b_again: 5 } }]);
    }
    // Flat ones go into the tensor by their places, as before.
    const flat = await freshet("predict", "square", "--input", JSON.stringify(y), "--json");
    expect(JSON.parse(flat.out)).toMatchObject({ outputs: [{ shape: [1, 2, 2], data: y }] });
  });

  it("has its records listed within eighty columns", async () => {
    const record = { rate: 1 };
    await putDeployment(stack().store, "iris-logreg", 9, { production: { "1": 100 } }, { record });
    await freshet("cache", "refresh", "iris-logreg");
    await predict("iris-logreg", JSON.stringify({ rows: FLOWERS }));
    const list = async () => {
      let told = "";
      await run(["prediction", "list", "iris-logreg", "--no-color"], {
        env: { FRESHET_URL: stack().url, FRESHET_TOKEN: TEST_TOKEN },
        out: (text) => {
          told += text;
        },
        err: () => undefined,
        input: () => Readable.from([]),
        send: () => Promise.resolve(),
        onStop: () => () => undefined,
        isOutTerminal: true,
        isErrTerminal: false,
        columns: 80,
      });
      return told.trimEnd().split("\n");
    };
    await expect.poll(async () => (await list()).length, { timeout: 20_000 }).toBeGreaterThan(3);
    const lines = await list();
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines[0]).toMatch(/^ID +AT \(UTC\) +ANSWER +OUTCOME$/);
  });
});
