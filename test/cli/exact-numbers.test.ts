import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { ELEMENT, identityModel } from "../support/onnx-encoder.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { TEST_TOKEN } from "../support/stack.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

/** No float64 has these digits. */
const MOST = "9223372036854775807";
const ODD = "-9007199254740993";

describe("whole numbers past 2^53", () => {
  const { stack, freshet } = withStack();

  beforeAll(async () => {
    const { store } = stack();
    await putVersion(store, "pair", "1", identityModel(ELEMENT.INT64, [null, 2]));
    const facts = { task: "regression", features: [{ name: "n", dtype: "int64" }] };
    await putVersion(store, "count", "1", identityModel(ELEMENT.INT64, [null, 1]), facts);
    await putDeployment(store, "pair", 1, { production: { "1": 100 } });
    const record = { rate: 1, log_inputs: true };
    await putDeployment(store, "count", 1, { production: { "1": 100 } }, { record });
  });

  it("are told as the model answered them, in JSON and in a table", async () => {
    const input = `[[${MOST}, -5], [${ODD}, 7]]`;
    const json = await freshet("predict", "pair", "--input", input, "--json");
    expect([json.err, json.code]).toEqual(["", 0]);
    expect(json.out.replaceAll(/\s/g, "")).toContain(`"data":[${MOST},-5,${ODD},7]`);
    const table = await freshet("predict", "pair", "--input", input);
    expect(table.out).toContain(`${MOST} -5`);
    const file = await writeTemporary("pairs.csv", `${MOST},-5\n${ODD},7\n`);
    expect((await freshet("predict", "pair", file)).out).toContain(`${ODD} 7`);
  });

  it("are written into files of results", async () => {
    const file = await writeTemporary("pairs.json", `[["${MOST}",-5]]`);
    for (const out of [`${file}.csv`, `${file}.ndjson`, `${file}.out.json`]) {
      const ran = await freshet("predict", "pair", file, "--out", out);
      expect([ran.err.replace(/^these answers have no records.*\n/, ""), ran.code]).toEqual([
        "",
        0,
      ]);
      expect(await readFile(out, "utf8")).toContain(`[${MOST},-5]`);
    }
  });

  it("are text in the events of a conversation", async () => {
    const conversation = { id: "large", category: "count", resource: "n" };
    const answer = await fetch(`${stack().url}/v1/models/pair/predict`, {
      method: "POST",
      body: `{"rows":[["${MOST}",-5]],"conversation":${JSON.stringify(conversation)}}`,
      headers: { "content-type": "application/json", authorization: `Bearer ${TEST_TOKEN}` },
    });
    expect(await answer.text()).toContain(`"y":[${MOST},-5]`);
    const { out } = await freshet("conversation", "show", "large", "--json");
    expect(JSON.parse(out)).toMatchObject({ items: [{ payload: { outputs: { y: [MOST, -5] } } }] });
  });

  it("have their digits beside the number in the record of a regression", async () => {
    const file = await writeTemporary("counts.csv", `n\n${MOST}\n`);
    const { out } = await freshet("predict", "count", file, "--json");
    expect(out).toContain(`"value": ${MOST}`);
    const { results } = JSON.parse(out) as { results: readonly { prediction_id: string }[] };
    const id = results[0]?.prediction_id ?? "";
    await expect
      .poll(async () => (await freshet("prediction", "show", id)).out, { timeout: 20_000 })
      .toMatch(new RegExp(`answer +${MOST}`));
  });
});
