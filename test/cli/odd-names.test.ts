import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { readFixture } from "../support/fixtures.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { TEST_TOKEN } from "../support/stack.ts";
import { jsonOf } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

/** Names that every object of JavaScript has already, or takes for something else. */
const CLASSES = ["constructor", "__proto__", "hasOwnProperty"];
const FEATURES = ["__proto__", "constructor", "toString", "prediction_id"];

// Flowers of the three classes, in this order.
const ROWS = [
  [5.1, 3.5, 1.4, 0.2],
  [5.6, 2.7, 4.2, 1.3],
  [6.5, 3, 5.8, 2.2],
];
const TRUTHS = ["constructor", "__proto__", "constructor"];

const entriesOf = (row: readonly number[]) => FEATURES.map((name, at) => [name, row[at]] as const);
const JSON_ROWS = ROWS.map((row) => JSON.stringify(Object.fromEntries(entriesOf(row))));
const CSV = [FEATURES, ...ROWS].map((row) => row.join(",")).join("\n");
const COLUMNS = JSON.stringify(
  Object.fromEntries(FEATURES.map((name, at) => [name, ROWS.map((row) => row[at])])),
);

interface Answered {
  readonly ok: boolean;
  readonly prediction_id: string;
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
}

type Metrics = Readonly<Record<string, unknown>>;

describe("classes and features called __proto__, constructor and the like", () => {
  const { stack, freshet } = withStack();
  const PREDICT = "/v1/models/odd/predict";

  async function send(method: string, path: string, body: string, type = "application/json") {
    const headers = { authorization: `Bearer ${TEST_TOKEN}`, "content-type": type };
    const answer = await fetch(stack().url + path, { method, body, headers });
    const told = await answer.text();
    expect(answer.status, told).toBeLessThan(300);
    return told;
  }

  const publish = async () => {
    const facts = {
      task: "classification",
      classes: CLASSES,
      features: FEATURES.map((name) => ({ name, dtype: "float32" })),
    };
    await putVersion(stack().store, "odd", "1", readFixture("iris-logreg", "1").bytes, facts);
    await putDeployment(stack().store, "odd", 1, { production: { "1": 100 } });
  };

  it("are named like others in every form of rows, and in those of a file", async () => {
    await publish();
    for (const [place, row] of JSON_ROWS.entries()) {
      await send("PUT", `/v1/entities/constructor/e${place}`, `{"features":${row}}`);
    }
    const entities = JSON.stringify({ entities: ROWS.map((_, at) => `constructor:e${at}`) });
    const lines = await send("POST", PREDICT, JSON_ROWS.join("\n"), "application/x-ndjson");
    const answers = [
      await send("POST", PREDICT, `{"rows":[${JSON_ROWS.join()}]}`),
      await send("POST", PREDICT, `{"columns":${COLUMNS}}`),
      await send("POST", PREDICT, CSV, "text/csv"),
      await send("POST", PREDICT, entities),
      `{"results":[${lines.trim().split("\n").join()}]}`,
    ];
    for (const answer of answers) {
      const { results } = JSON.parse(answer) as { results: readonly Answered[] };
      expect(results.map(({ label }) => label)).toEqual(CLASSES);
      for (const { probabilities } of results) expect(Object.keys(probabilities)).toEqual(CLASSES);
    }

    const file = await writeTemporary("rows.csv", CSV);
    const out = join(dirname(file), "out.csv");
    const ran = await freshet("predict", "odd", file, "--out", out);
    expect(ran).toMatchObject({ code: 0 });
    const [head = [], ...rows] = parse(await readFile(out, "utf8")) as string[][];
    const places = CLASSES.map((name) => head.indexOf(`probability_${name}`));
    expect(places).not.toContain(-1);
    for (const row of rows) {
      const sum = places.reduce((total, at) => total + Number(row[at]), 0);
      expect(sum).toBeCloseTo(1, 6);
    }
  });

  it("are counted like others: records, outcomes, accuracy and statistics", async () => {
    await publish();
    const answer = await send("POST", PREDICT, `{"rows":[${JSON_ROWS.join()}]}`);
    const { results } = JSON.parse(answer) as { results: readonly Answered[] };
    const lines = results.map(({ prediction_id }, at) => {
      return JSON.stringify({ prediction_id, value: TRUTHS[at] });
    });
    // Records are written behind their answers.
    await expect
      .poll(() => send("POST", "/v1/outcomes", lines.join("\n"), "application/x-ndjson"))
      .not.toContain('"ok":false');
    const told = await freshet("prediction", "show", results[0]?.prediction_id ?? "", "--json");
    const { output } = JSON.parse(told.out) as { output: Answered };
    expect(Object.entries(output.probabilities)).toEqual(
      Object.entries(results[0]?.probabilities ?? {}),
    );

    const accuracy = await jsonOf(freshet("accuracy", "odd", "--json"));
    const [group] = (accuracy as { groups: readonly { metrics: Metrics }[] }).groups;
    const metrics = group?.metrics ?? {};
    expect(metrics).toMatchObject({ n_labels: 3, n_probabilities: 3, accuracy: 2 / 3 });
    // In the manifest's order, not by name.
    expect(metrics.confusion_matrix).toEqual({
      labels: CLASSES,
      matrix: [
        [1, 0, 1],
        [0, 1, 0],
        [0, 0, 0],
      ],
    });
    const loss = results.map(({ probabilities }, at) => {
      const sum = Object.values(probabilities).reduce((total, p) => total + p, 0);
      return -Math.log((probabilities[TRUTHS[at] ?? ""] ?? 0) / sum) / 3;
    });
    expect(metrics.log_loss).toBeCloseTo(
      loss.reduce((total, one) => total + one, 0),
      9,
    );
    expect(metrics).not.toHaveProperty("brier_score_loss");

    const statistics = await freshet("statistics", "odd");
    for (const name of CLASSES) expect(statistics.out).toMatch(new RegExp(`\\b${name}=\\d`));
  });
});
