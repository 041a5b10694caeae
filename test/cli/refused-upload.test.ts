import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { flowerLine } from "../support/generate-rows.ts";
import { TEST_TOKEN } from "../support/stack.ts";
import { cliFor, type Ran } from "./run-cli.ts";
import { withStack } from "./with-stack.ts";
import { writeTemporary } from "./write-fixture.ts";

const MEGABYTE = 1_000_000;

/** Each says it anew: what it costs to be heard is luck where an upload is cut. */
const RUNS = [1, 2, 3, 4];

const repeated = (line: (index: number) => string): string => {
  const lines: string[] = [];
  let characters = 0;
  for (let index = 0; characters < 2 * MEGABYTE; index += 1) {
    const made = line(index);
    characters += made.length + 1;
    lines.push(made);
  }
  return `${lines.join("\n")}\n`;
};

const told = ({ code, out }: Ran) => {
  const { error } = JSON.parse(out) as { error: { code: string; status?: number } };
  return { exit: code, status: error.status, code: error.code };
};

describe("an upload of two megabytes that is refused at its begin", () => {
  const { stack, freshet } = withStack();

  it.each(RUNS)("tells that the model is not there (run %i)", async () => {
    const file = await writeTemporary("flowers.ndjson", repeated(flowerLine));
    const ran = await freshet("predict", "nope", file, "--out", `${file}.out.csv`, "--json");
    expect(told(ran)).toEqual({ exit: 1, status: 404, code: "model_not_found" });
  });

  it.each(RUNS)("tells that the token is wrong (run %i)", async () => {
    const id = "01JD5X6Q3M8R0V7T2B9C4D1E5F";
    const text = repeated(() => `{"prediction_id":"${id}","value":"setosa"}`);
    const file = await writeTemporary("truths.ndjson", text);
    const stranger = cliFor(stack().url, "wrong");
    const ran = await stranger("outcome", "import", file, "--json");
    expect(told(ran)).toEqual({ exit: 1, status: 401, code: "unauthorized" });
  });

  it.each(RUNS)("tells that its first row has other features (run %i)", async () => {
    const file = await writeTemporary(
      "birds.ndjson",
      repeated((wing) => `{"wing":${wing}}`),
    );
    const ran = await freshet("predict", "iris-logreg", file, "--out", `${file}.out.csv`, "--json");
    expect(told(ran)).toEqual({ exit: 1, status: 400, code: "unknown_feature" });
  });

  it.each(RUNS)("is read on, so that any client has its answer (run %i)", async () => {
    for (const [model, status] of [
      ["nope", 404],
      ["iris-logreg", 400],
    ] as const) {
      const text = repeated((wing) => `{"wing":${wing}}`);
      // Streamed; the Workers types know no `duplex`, which Node asks for.
      const init: RequestInit & { duplex: "half" } = {
        method: "POST",
        body: Readable.toWeb(Readable.from([Buffer.from(text)])) as ReadableStream<Uint8Array>,
        headers: {
          "content-type": "application/x-ndjson",
          authorization: `Bearer ${TEST_TOKEN}`,
        },
        duplex: "half",
      };
      const answer = await fetch(`${stack().url}/v1/models/${model}/predict`, init);
      expect(answer.status).toBe(status);
    }
    const model = await fetch(`${stack().url}/v1/models/mine/versions`, {
      method: "POST",
      body: new Uint8Array(8 * MEGABYTE),
      headers: { authorization: "Bearer wrong" },
    });
    expect(model.status).toBe(401);
  });
});
