import { request } from "node:http";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import {
  type ClientResult,
  fixtureManifest,
  holdoutCsv,
  readResults,
} from "../support/fixture-rows.ts";
import { fixtureNames, readFixture } from "../support/fixtures.ts";
import { flowerLine, lineStream } from "../support/generate-rows.ts";
import { ELEMENT, encodeModel, node, tensor } from "../support/onnx-encoder.ts";
import { publish, putDeployment, putVersion } from "../support/publish.ts";
import { startTestStack } from "../support/stack.ts";
import { workerdBytes } from "../support/workerd-memory.ts";

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

/** A million takes its time: `FRESHET_TEST_ROWS=1000000`. */
const MANY_ROWS = Number(process.env.FRESHET_TEST_ROWS ?? 100_000);
const MIB = 1024 * 1024;

describe("a long stream of rows", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack.stop());

  const stream = (body: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    fetch(`${stack.url}/v1/models/iris-logreg/predict`, {
      method: "POST",
      body,
      headers: { "content-type": "application/x-ndjson" },
      duplex: "half",
    });

  /** Reads an answer to its end, holding none of it. */
  async function count(answer: Response, onPiece: () => void = () => undefined) {
    const seen = { lines: 0, bytes: 0, tail: "" };
    const decoder = new TextDecoder();
    for await (const piece of answer.body ?? []) {
      for (const byte of piece) if (byte === 0x0a) seen.lines += 1;
      seen.bytes += piece.byteLength;
      seen.tail = (seen.tail + decoder.decode(piece, { stream: true })).slice(-1_000);
      onPiece();
    }
    return { ...seen, last: seen.tail.trimEnd().split("\n").at(-1) ?? "" };
  }

  it(`of ${MANY_ROWS} rows leaves the Worker's memory as it is`, async () => {
    // The engine, the code and the heap's first growth are there before it is measured.
    await count(await stream(lineStream(100_000)));
    const before = workerdBytes();
    let most = 0;
    let pieces = 0;
    const { lines, bytes, last } = await count(await stream(lineStream(MANY_ROWS)), () => {
      pieces += 1;
      if (pieces % 20 === 0) most = Math.max(most, workerdBytes() ?? 0);
    });
    expect(lines).toBe(MANY_ROWS);
    expect(JSON.parse(last)).toMatchObject({ ok: true, label: expect.any(String) });
    if (before === undefined) return;
    // What came and went was several times as much.
    expect(bytes + MANY_ROWS * flowerLine(0).length).toBeGreaterThan(25 * MIB);
    expect((most - before) / MIB).toBeLessThan(MANY_ROWS > 100_000 ? 100 : 20);
  });

  it("has its first answers while most of it is not sent yet", async () => {
    let sent = 0;
    const body = lineStream(300_000, (index) => {
      sent = index;
      return flowerLine(index);
    });
    const answer = await stream(body);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(first?.value?.byteLength).toBeGreaterThan(100);
    // The rest is what fits into the buffers of both ends.
    expect(sent).toBeLessThan(200_000);
    await reader?.cancel();
  });

  it("may come packed, and says so when it is damaged", async () => {
    const url = `${stack.url}/v1/models/iris-logreg/predict`;
    const headers = { "content-type": "application/x-ndjson", "content-encoding": "gzip" };
    const lines = Array.from({ length: 5_000 }, (_, index) => flowerLine(index)).join("\n");
    const packed = gzipSync(lines);
    const whole = await fetch(url, { method: "POST", body: packed, headers });
    expect(readResults(await whole.text()).filter(({ ok }) => ok)).toHaveLength(5_000);
    const cut = packed.subarray(0, packed.byteLength / 2);
    const half = await fetch(url, { method: "POST", body: cut, headers });
    expect(await half.json()).toMatchObject({ status: 400, code: "bad_encoding" });
  });

  it("that its client leaves is over, and others are answered", async () => {
    const url = new URL(`${stack.url}/v1/models/iris-logreg/predict`);
    const answered = await new Promise<number>((resolve, reject) => {
      const sent = request(url, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
      });
      let bytes = 0;
      sent.on("error", () => undefined);
      sent.on("response", (response) => {
        response.on("error", () => undefined);
        response.on("data", (piece: Buffer) => {
          bytes += piece.byteLength;
          // A reset, not an orderly end.
          if (bytes > 50_000) sent.socket?.resetAndDestroy();
        });
        response.on("close", () => resolve(bytes));
        response.on("end", () => reject(new Error("it went on to its end")));
      });
      Readable.fromWeb(lineStream(1_000_000) as never).pipe(sent);
    });
    expect(answered).toBeLessThan(20 * MIB);
    const after = await post(url.href, "application/json", `{"rows":[${flowerLine(1)}]}`);
    expect(((await after.json()) as { results: ClientResult[] }).results[0]?.ok).toBe(true);
    const runs = await inferences();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await inferences()).toBe(runs);
  });

  const inferences = async (): Promise<number> => {
    const answer = await fetch(`${stack.url}/v2/models/iris-logreg/stats`);
    const { model_stats: pages } = (await answer.json()) as {
      model_stats: { inference_count: number }[];
    };
    return pages.reduce((sum, page) => sum + page.inference_count, 0);
  };

  it("of many clients at once is answered to each with its own rows", async () => {
    const asked = Array.from({ length: 6 }, async (_, client) => {
      const body = lineStream(3_000, (index) => flowerLine(index * (client + 1)));
      return readResults(await (await stream(body)).text());
    });
    const answers = await Promise.all(asked);
    const [first = []] = answers;
    for (const [client, results] of answers.entries()) {
      expect(results).toHaveLength(3_000);
      const places = Array.from({ length: 400 }, (_, at) => at);
      const labels = places.map((at) => results[at]?.label);
      expect(labels).toEqual(places.map((at) => first[at * (client + 1)]?.label));
    }
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
