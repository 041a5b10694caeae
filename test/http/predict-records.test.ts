import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { fail } from "../../src/core/model/result.ts";
import { PredictionRecorder } from "../../src/core/quality/record-predictions.ts";
import { type ClientResult, readResults } from "../support/fixture-rows.ts";
import type { HttpApp } from "../support/http-app.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createFlowerApp, createMemoryRecords, PREDICT, SETOSA, VIRGINICA } from "./flowers.ts";

/** An app that keeps records, of a model whose deployment says `record`. */
const createRecordingApp = (record?: Record<string, unknown>): Promise<HttpApp> =>
  createFlowerApp({ records: createMemoryRecords() }, record === undefined ? {} : { record });

async function recordOf(
  app: HttpApp,
  result: ClientResult | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  await app.background();
  const answer = await app.request(`/v1/predictions/${result?.prediction_id}`);
  return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) };
}

const resultsOf = async (answer: Response) =>
  ((await answer.json()) as { results: readonly ClientResult[] }).results;

const stream = (app: HttpApp, rows: readonly object[]) =>
  app.request(PREDICT, {
    method: "POST",
    body: rows.map((row) => JSON.stringify(row)).join("\n"),
    headers: { "content-type": "application/x-ndjson" },
  });

describe("rows that were answered", () => {
  it("can be looked up by their ids, each with its own answer", async () => {
    const app = await createRecordingApp();
    const results = await resultsOf(await app.post(PREDICT, { rows: [SETOSA, 7, VIRGINICA] }));
    expect(await recordOf(app, results[0])).toMatchObject({
      status: 200,
      model: "iris-logreg",
      version: "1",
      route: "production:1",
      output: { label: "setosa", probabilities: { setosa: 0.75 } },
      confidence: 0.75,
    });
    expect(await recordOf(app, results[2])).toMatchObject({ output: { label: "virginica" } });
    expect(results[1]?.prediction_id).toBeUndefined();
  });

  it("are recorded as one row whichever form they came in", async () => {
    const app = await createRecordingApp({ log_inputs: true });
    const columns = Object.fromEntries(
      Object.entries(SETOSA).map(([name, value]) => [name, [value]]),
    );
    const digests = [];
    for (const body of [{ rows: [SETOSA] }, { rows: [Object.values(SETOSA)] }, { columns }]) {
      const [result] = await resultsOf(await app.post(PREDICT, body));
      const { inputs, input_digest } = await recordOf(app, result);
      expect(inputs).toEqual(SETOSA);
      digests.push(input_digest);
    }
    expect(new Set(digests).size).toBe(1);
  });

  it("are not recorded where the deployment does not want it", async () => {
    const app = await createRecordingApp({ rate: 0 });
    const [result] = await resultsOf(await app.post(PREDICT, { rows: [SETOSA] }));
    expect((await recordOf(app, result)).status).toBe(404);
  });

  it("of a stream are recorded only where the deployment says a rate", async () => {
    const rows = Array.from({ length: 300 }, (_, at) => (at % 2 === 0 ? SETOSA : VIRGINICA));
    const silent = await createRecordingApp();
    const unrecorded = readResults(await (await stream(silent, rows)).text());
    expect((await recordOf(silent, unrecorded[0])).status).toBe(404);
    const app = await createRecordingApp({ rate: 1 });
    // Each batch waits for the store by the clock, which stands still but for this.
    const ticking = setInterval(() => void app.clock.advance(5), 1);
    const results = readResults(await (await stream(app, rows)).text());
    expect(results).toHaveLength(300);
    expect(await recordOf(app, results[299])).toMatchObject({ output: { label: "virginica" } });
    expect(await recordOf(app, results[0])).toMatchObject({ output: { label: "setosa" } });
    clearInterval(ticking);
    expect(results.filter(({ recorded }) => recorded === false)).toEqual([]);
  });

  it("say in their own line that there was no room for their record", async () => {
    const records = createMemoryRecords();
    const silent = fail({ reason: "unreachable" as const, detail: "the test cut the line" });
    const predictions = { ...records.predictions, add: async () => silent };
    const clock = createManualClock();
    const recorder = new PredictionRecorder({
      ...{ predictions, digest: createNodeDigest(), events: { emit: () => undefined }, clock },
    });
    const app = await createFlowerApp(
      { records: { recorder, predictions } },
      { record: { rate: 1 } },
    );
    const rows = Array.from({ length: 5_300 }, () => SETOSA);
    const ticking = setInterval(() => {
      void clock.advance(50);
      void app.clock.advance(50);
    }, 1);
    const results = readResults(await (await stream(app, rows)).text());
    const whole = await app.post(PREDICT, { rows: [SETOSA, 7, VIRGINICA] });
    const asLines = await app.post(
      PREDICT,
      { rows: [SETOSA, VIRGINICA] },
      { accept: "application/x-ndjson" },
    );
    clearInterval(ticking);
    const lost = results.filter(({ recorded }) => recorded === false);
    expect([results.length, lost.length]).toEqual([5_300, 300]);
    expect(results.slice(-300)).toEqual(lost);
    expect(lost[0]).toMatchObject({ ok: true, label: "setosa" });
    expect(await whole.json()).toMatchObject({
      results: [{ recorded: false }, { ok: false }, { recorded: false }],
      meta: { unrecorded: 2 },
    });
    const lines = readResults(await asLines.text());
    expect(lines.map(({ recorded }) => recorded)).toEqual([false, false]);
    expect(recorder.stats()).toMatchObject({ pending: 5_000, lost: 304 });
  });
});
