import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  ADMIN_TOKEN,
  createHttpApp,
  type HttpApp,
  type HttpAppOptions,
} from "../support/http-app.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { features, INFER } from "./iris-app.ts";
import { CLASSES, createIrisEngine } from "./iris-engine.ts";

const PREDICT = "/v1/models/iris-logreg/predict";

// The engine's scores are the first three features: these sum to 1.
const SETOSA = { a: 0.75, b: 0.25, c: 0, d: 9 };
const VIRGINICA = { a: 0.25, b: 0, c: 0.75, d: 9 };

const MANIFEST = {
  task: "classification",
  classes: CLASSES,
  features: ["a", "b", "c", "d"].map((name) => ({ name, dtype: "float32" })),
};

async function createApp(
  options: HttpAppOptions = {},
  manifest: Record<string, unknown> = MANIFEST,
): Promise<HttpApp> {
  const app = createHttpApp({ engine: createIrisEngine(), ...options });
  for (const version of ["1", "2"]) {
    const bytes = Uint8Array.of(Number(version));
    await putVersion(app.bucket, "iris-logreg", version, bytes, manifest);
  }
  const aliases = { production: { "1": 100 }, both: { "1": 50, "2": 50 } };
  await putDeployment(app.bucket, "iris-logreg", 1, aliases);
  return app;
}

interface Result {
  readonly ok: boolean;
  readonly prediction_id?: string;
  readonly label?: string;
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly error?: { readonly code: string; readonly detail: string; readonly path?: string };
}

interface Body {
  readonly results: readonly Result[];
  readonly meta: Readonly<Record<string, unknown>>;
}

const bodyOf = async (answer: Response) => {
  const text = await answer.text();
  expect([answer.status, text.slice(0, 200)]).toEqual([200, expect.anything()]);
  return JSON.parse(text) as Body;
};
const problemOf = async (answer: Response) => {
  const body = (await answer.json()) as { status: number; code: string; detail: string };
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(body.status).toBe(answer.status);
  return [body.status, body.code, body.detail];
};
const labelsOf = ({ results }: Body) =>
  results.map(({ ok, label, error }) => (ok ? label : error?.code));

const csv = (app: HttpApp, body: string, query = "") =>
  app.request(`${PREDICT}${query}`, {
    method: "POST",
    body,
    headers: { "content-type": "text/csv" },
  });

const lines = (
  app: HttpApp,
  body: NonNullable<RequestInit["body"]>,
  query = "",
  headers: Record<string, string> = {},
) =>
  app.request(`${PREDICT}${query}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/x-ndjson", ...headers },
    duplex: "half",
  } as RequestInit);

const linesOf = async (answer: Response): Promise<readonly Result[]> =>
  (await answer.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Result);

describe("rows of features", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createApp();
  });

  it("are answered by label and probabilities, with what produced them", async () => {
    const answer = await app.post(PREDICT, { rows: [SETOSA, VIRGINICA] });
    expect(await bodyOf(answer)).toEqual({
      results: [
        {
          ok: true,
          prediction_id: "id-2",
          label: "setosa",
          probabilities: { setosa: 0.75, versicolor: 0.25, virginica: 0 },
          outputs: { species: "setosa" },
        },
        {
          ok: true,
          prediction_id: "id-3",
          label: "virginica",
          probabilities: { setosa: 0.25, versicolor: 0, virginica: 0.75 },
          outputs: { species: "virginica" },
        },
      ],
      meta: {
        model: "iris-logreg",
        version: "1",
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        strategy: "fast",
        cache: "miss",
        route: "production:1",
        request_id: "id-1",
        cached_rows: 0,
      },
    });
  });

  it("say the same in headers", async () => {
    const answer = await app.post(PREDICT, { rows: [SETOSA] });
    const { meta } = await bodyOf(answer);
    for (const name of ["model", "version", "digest", "strategy", "route"]) {
      expect(answer.headers.get(`x-freshet-${name}`)).toBe(meta[name]);
    }
    expect(answer.headers.get("x-request-id")).toBe(meta.request_id);
    expect(answer.headers.get("cache-status")).toBe("model; fwd=miss; stored");
    expect(answer.headers.get("etag")).toMatch(/^".+"$/);
  });

  it("tell the log how many they were, and no data", async () => {
    await app.post(PREDICT, { rows: [{ ...SETOSA, d: 3.125 }, VIRGINICA] });
    expect(app.events.at(-1)).toMatchObject({ kind: "inference", rows: 2, route: "production:1" });
    expect(JSON.stringify(app.events)).not.toContain("3.125");
  });

  it.each([
    ["iris-logreg@2", "2", "2"],
    ["iris-logreg@production", "1", "production:1"],
  ])("of %s are answered by version %s", async (word, version, route) => {
    const { meta } = await bodyOf(await app.post(`/v1/models/${word}/predict`, { rows: [SETOSA] }));
    expect(meta).toMatchObject({ version, route });
  });

  it("stay with the version of a routing key, all of them", async () => {
    const path = "/v1/models/iris-logreg@both/predict";
    const headers = { "x-freshet-routing-key": "somebody" };
    const first = await bodyOf(await app.post(path, { rows: [SETOSA, SETOSA] }, headers));
    const again = await bodyOf(await app.post(path, { rows: [SETOSA] }, headers));
    expect(again.meta.version).toBe(first.meta.version);
    const stuck = { "x-freshet-route": "both:2" };
    expect((await bodyOf(await app.post(path, { rows: [SETOSA] }, stuck))).meta.version).toBe("2");
  });

  it("may be arrays of values, columns, or CSV with a header", async () => {
    const labels = ["setosa", "virginica"];
    const arrays = [SETOSA, VIRGINICA].map((row) => Object.values(row));
    expect(labelsOf(await bodyOf(await app.post(PREDICT, { rows: arrays })))).toEqual(labels);
    const columns = { d: [9, 9], c: [0, 0.75], b: [0.25, 0], a: [0.75, 0.25] };
    expect(labelsOf(await bodyOf(await app.post(PREDICT, { columns })))).toEqual(labels);
    const text = '\uFEFFid,"d",c,b, a\r\n"x, y",9,0,0.25,0.75\r\n\r\nz,9,0.75,0,0.25\r\n';
    const body = await bodyOf(await csv(app, text));
    expect([labelsOf(body), body.meta.ignored_columns]).toEqual([labels, ["id"]]);
  });

  it("come back as lines where lines are wanted", async () => {
    const headers = { accept: "application/x-ndjson" };
    const answer = await app.post(PREDICT, { rows: [SETOSA, VIRGINICA] }, headers);
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect((await linesOf(answer)).map(({ label }) => label)).toEqual(["setosa", "virginica"]);
  });

  it.each<[accept: string, type: string]>([
    ["application/x-ndjson;q=0", "application/json"],
    ["application/x-ndjson;q=0, application/json", "application/json"],
    ["application/x-ndjson;q=0.5, application/json", "application/json"],
    ["application/x-ndjson;q=0.5, */*;q=0.8", "application/json"],
    ["application/json;q=0.1, application/X-NDJSON;q=0.2", "application/x-ndjson"],
    ["application/x-ndjson, */*", "application/x-ndjson"],
    ["*/*", "application/json"],
  ])("come back by the weights of what is accepted: %s", async (accept, type) => {
    const answer = await app.post(PREDICT, { rows: [SETOSA] }, { accept });
    expect(answer.headers.get("content-type")).toBe(type);
  });

  it("are refused with a query that nobody knows", async () => {
    const answer = await app.post(`${PREDICT}?ofset=5`, { rows: [SETOSA] });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { code: "invalid_request", detail: expect.stringMatching(/'ofset'.*mean 'offset'\?/) },
    ]);
  });

  it("fail alone, each with its own reason, place and nearest name", async () => {
    const rows = [
      SETOSA,
      { ...SETOSA, a: "x" },
      { ...SETOSA, dd: 1 },
      { a: 1, b: 1, c: 1 },
      { ...SETOSA, c: null },
      7,
      { ...SETOSA, d: -1 },
      VIRGINICA,
    ];
    const { results } = await bodyOf(await app.post(PREDICT, { rows }));
    expect(results.map(({ ok, error }) => (ok ? "ok" : [error?.code, error?.path]))).toEqual([
      "ok",
      ["invalid_value", "rows[1].a"],
      ["unknown_feature", "rows[2].dd"],
      ["missing_feature", "rows[3].d"],
      ["missing_value", "rows[4].c"],
      ["invalid_row", "rows[5]"],
      ["rejected_input", undefined],
      "ok",
    ]);
    expect(results[2]?.error?.detail).toMatch(/^rows\[2\]\.dd is not a feature.*mean 'd'\?$/);
  });

  it("may bring features that the model has not, where that is said", async () => {
    const rows = [{ ...SETOSA, id: 7 }];
    expect(labelsOf(await bodyOf(await app.post(PREDICT, { rows })))).toEqual(["unknown_feature"]);
    const answer = await app.post(`${PREDICT}?unknown=ignore`, { rows });
    expect(labelsOf(await bodyOf(answer))).toEqual(["setosa"]);
    expect(
      (await problemOf(await csv(app, "id,a,b,c,d\n1,1,0,0,0\n", "?unknown=refuse"))).slice(0, 2),
    ).toEqual([400, "invalid_columns"]);
  });

  it.each([
    ["no JSON", "{", "invalid_json", /line 1, column 2/],
    ["a list", "[]", "invalid_request", /must be an object: \{"rows"/],
    ["neither rows nor columns", "{}", "invalid_request", /in one form/],
    ["both", '{"rows":[],"columns":{}}', "invalid_request", /in one form/],
    ["tensors", '{"inputs":[]}', "invalid_request", /tensors for \/v2/],
    ["a misspelt member", '{"row":[]}', "invalid_request", /'row', which is not known/],
    ["rows that are none", '{"rows":{}}', "invalid_request", /rows must be an array/],
    ["no rows", '{"rows":[]}', "invalid_request", /no rows/],
    ["columns that are none", '{"columns":[]}', "invalid_request", /must be an object/],
    [
      "a column that is none",
      '{"columns":{"a":1,"b":[1],"c":[1],"d":[1]}}',
      "invalid_columns",
      /columns\.a must be an array/,
    ],
    [
      "columns of two lengths",
      '{"columns":{"a":[1,2],"b":[1],"c":[1],"d":[1]}}',
      "invalid_columns",
      /columns\.b has 1 values/,
    ],
    [
      "an unknown column",
      '{"columns":{"a":[1],"b":[1],"c":[1],"e":[1]}}',
      "invalid_columns",
      /columns\.e is not a feature/,
    ],
    [
      "a missing column",
      '{"columns":{"a":[1],"b":[1],"c":[1]}}',
      "invalid_columns",
      /columns\.d is missing/,
    ],
  ])("are refused as a whole for %s", async (_what, body, code, detail) => {
    const answer = await app.request(PREDICT, { method: "POST", body });
    expect(await problemOf(answer)).toEqual([400, code, expect.stringMatching(detail)]);
  });

  it.each([
    ["nothing", "", "invalid_csv", /is empty/],
    ["a header alone", "a,b,c,d\n", "invalid_request", /no rows/],
    ["an open quote", 'a,b,c,d\n1,2,3,"4\n', "invalid_csv", /record 2.*quote/],
    ["a name twice", "a,a,b,c,d\n1,1,1,1,1\n", "invalid_columns", /'a' stands in the header more/],
    ["a misspelt name", "a,b,c,e\n1,1,1,1\n", "invalid_columns", /'d' is missing.*mean 'e'/],
  ])("in CSV are refused as a whole for %s", async (_what, body, code, detail) => {
    expect(await problemOf(await csv(app, body))).toEqual([
      400,
      code,
      expect.stringMatching(detail),
    ]);
  });

  it("in CSV fail alone for cells that are missing, empty or wrong", async () => {
    const { results } = await bodyOf(await csv(app, "a,b,c,d\n1,0,0\n1,,0,9\n1,x,0,9\n1,0,0,9\n"));
    expect(results.map(({ error }) => error?.code)).toEqual([
      "invalid_row",
      "missing_value",
      "invalid_value",
      undefined,
    ]);
  });

  it("are refused when they are too many, telling the way for many", async () => {
    const small = await createApp({ settings: { maxRows: 2 } });
    const three = [SETOSA, SETOSA, SETOSA];
    for (const answer of [
      await small.post(PREDICT, { rows: three }),
      await small.post(PREDICT, { columns: { a: [1, 1, 1] } }),
      await csv(small, "a,b,c,d\n1,0,0,9\n1,0,0,9\n1,0,0,9\n"),
    ]) {
      const told = [413, "too_many_rows", expect.stringMatching(/MAX_ROWS.*application\/x-ndjson/)];
      expect(await problemOf(answer)).toEqual(told);
    }
    const streamed = await lines(small, three.map((row) => JSON.stringify(row)).join("\n"));
    expect(await linesOf(streamed)).toHaveLength(3);
  });

  it.each([
    ["/v1/models/nope/predict", 404, "model_not_found"],
    ["/v1/models/iris-logreg@nope/predict", 404, "alias_not_found"],
    ["/v1/models/iris-logreg@9/predict", 404, "version_not_found"],
    ["/v1/models/iris-logreg@@/predict", 400, "bad_reference"],
    [`${PREDICT}?unknown=maybe`, 400, "invalid_request"],
    [`${PREDICT}?values=maybe`, 400, "invalid_request"],
    [`${PREDICT}?offset=-1`, 400, "invalid_request"],
  ])("at %s are refused with %i", async (path, status, code) => {
    expect((await problemOf(await app.post(path, { rows: [SETOSA] }))).slice(0, 2)).toEqual([
      status,
      code,
    ]);
  });

  it("need the scope to infer", async () => {
    const closed = await createApp({ settings: { publicScopes: new Set() } });
    expect((await closed.post(PREDICT, { rows: [SETOSA] })).status).toBe(401);
  });

  it("of a model that says nothing of rows are refused, and tensors told", async () => {
    const short = { ...MANIFEST, features: MANIFEST.features.slice(1) };
    const odd = await createApp({}, short);
    const answer = await odd.post(PREDICT, { rows: [SETOSA] });
    const told = [422, "rows_unsupported", expect.stringMatching(/3 features.*4 values.*\/v2\//)];
    expect(await problemOf(answer)).toEqual(told);
  });

  it("of any form at all are answered or refused, and never by a bug", async () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom("NaN", 1e39, -0, "x"));
    const feature = fc.constantFrom("a", "b", "c", "d", "A", "__proto__", "constructor");
    const row = fc.oneof(fc.dictionary(feature, value), fc.array(value, { maxLength: 5 }), value);
    const body = fc.oneof(
      fc.record({ rows: fc.array(row, { maxLength: 4 }) }),
      fc.record({
        columns: fc.dictionary(feature, fc.oneof(fc.array(value, { maxLength: 3 }), value)),
      }),
      fc.jsonValue(),
    );
    const types = fc.constantFrom("application/json", "text/csv", "application/x-ndjson");
    await fc.assert(
      fc.asyncProperty(body, types, fc.boolean(), async (given, type, ignores) => {
        // Three values that this engine takes for a crash, and the like.
        fc.pre(!/-[123]\b/.test(JSON.stringify(given)));
        const answer = await app.request(`${PREDICT}?unknown=${ignores ? "ignore" : "refuse"}`, {
          method: "POST",
          body: JSON.stringify(given),
          headers: { "content-type": type },
        });
        expect([200, 400]).toContain(answer.status);
        await answer.text();
      }),
      { numRuns: 300 },
    );
    expect(app.events.filter(({ kind }) => kind === "request_failed")).toEqual([]);
  });

  it("are refused by a bug with an id to report", async () => {
    const answer = await app.post(PREDICT, { rows: [{ ...SETOSA, d: -3 }] });
    expect((await problemOf(answer)).slice(0, 2)).toEqual([500, "internal_error"]);
  });
});

describe("kept answers of rows over HTTP", () => {
  it("of an only row say their age and the rest of their time, as those of tensors do", async () => {
    const app = await createApp({ predictions: {} });
    const ask = async (headers: Record<string, string> = {}) => {
      const answer = await app.post(PREDICT, { rows: [SETOSA] }, headers);
      return [answer.headers.get("cache-status"), answer.headers.get("age")];
    };
    expect(await ask()).toEqual(["model; fwd=miss; stored, isolate; fwd=miss; stored", null]);
    await app.clock.advance(6_900);
    expect(await ask()).toEqual(["isolate; hit; ttl=53", "6"]);
    expect(await ask({ "cache-control": "max-age=5" })).toEqual([
      "model; hit, isolate; fwd=request; stored",
      null,
    ]);
    expect(await ask({ "cache-control": "no-cache" })).toEqual([
      "model; hit, isolate; fwd=request; stored",
      null,
    ]);
    expect(await ask({ "cache-control": "no-store" })).toEqual([
      "model; hit, isolate; fwd=request",
      null,
    ]);
  });

  it("are computed anew where the caller wants younger ones, and then kept", async () => {
    const app = await createApp({ predictions: {} });
    const ask = async (directive: string) => {
      const body = { rows: [SETOSA, VIRGINICA] };
      const answer = await app.post(PREDICT, body, { "cache-control": directive });
      return answer.headers.get("cache-status");
    };
    expect(await ask("max-age=5")).toBe("model; fwd=miss; stored, isolate; fwd=miss; stored");
    await app.clock.advance(6_000);
    expect(await ask("max-age=6")).toBe("isolate; hit");
    expect(await ask("no-cache")).toBe("model; hit, isolate; fwd=request; stored");
    await app.clock.advance(6_000);
    expect(await ask("max-age=5")).toBe("model; hit, isolate; fwd=miss; stored");
    expect(await ask("max-age=5")).toBe("isolate; hit");
  });

  it("are counted in meta and headers, and shared with tensors", async () => {
    const app = await createApp({ predictions: {} });
    const ask = async (...rows: readonly object[]) => {
      const answer = await app.post(PREDICT, { rows });
      const { meta } = await bodyOf(answer);
      return [meta.cache, meta.cached_rows, answer.headers.get("cache-status")];
    };
    await app.post(INFER, { inputs: [features(Object.values(SETOSA))] });
    expect(await ask(SETOSA, VIRGINICA)).toEqual([
      "partial",
      1,
      'isolate; fwd=partial; detail="1 of 2 rows"',
    ]);
    expect(await ask(VIRGINICA, SETOSA)).toEqual(["isolate", 2, "isolate; hit"]);
    expect(await ask(VIRGINICA)).toEqual(["isolate", 1, "isolate; hit; ttl=60"]);
    const tensor = await app.post(INFER, { inputs: [features(Object.values(VIRGINICA))] });
    expect(tensor.headers.get("cache-status")).toMatch(/^isolate; hit/);
    const stats = await app.request("/v2/models/iris-logreg/stats");
    expect(await stats.json()).toMatchObject({ model_stats: [{ execution_count: 2 }] });
  });
});

describe("a stream of rows", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createApp();
  });

  const line = (row: unknown) => `${JSON.stringify(row)}\n`;

  it("is answered line by line, in order, a bad one alone", async () => {
    const rows = Array.from({ length: 600 }, (_, at) => (at % 2 === 0 ? SETOSA : VIRGINICA));
    const text = rows.map(line);
    text[100] = "no row\n";
    text[300] = line({ ...SETOSA, a: "x" });
    text[599] = line({ ...SETOSA, d: -1 });
    const answer = await lines(app, text.join(""));
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect(answer.headers.get("x-freshet-route")).toBe("production:1");
    const results = await linesOf(answer);
    expect(results.map(({ ok, label, error }) => (ok ? label : error?.code))).toEqual(
      rows.map((row, at) => {
        const failed = { 100: "invalid_json", 300: "invalid_value", 599: "rejected_input" }[at];
        return failed ?? (row === SETOSA ? "setosa" : "virginica");
      }),
    );
    expect(results[300]?.error?.path).toBe("rows[300].a");
    expect(results[100]?.error?.detail).toMatch(/^rows\[100\] is not valid JSON: .* at column 1/);
    expect(app.events.at(-1)).toMatchObject({ kind: "inference", rows: 600 });
  });

  it("may be packed", async () => {
    const packed = new Blob([line(SETOSA).repeat(300)])
      .stream()
      .pipeThrough(new CompressionStream("gzip"));
    const answer = await lines(app, packed, "", { "content-encoding": "gzip" });
    expect(await linesOf(answer)).toHaveLength(300);
    const odd = await lines(app, line(SETOSA), "", { "content-encoding": "br" });
    expect((await problemOf(odd)).slice(0, 2)).toEqual([415, "unsupported_encoding"]);
  });

  it.each([
    ["nothing in it", "\n \n", "invalid_request"],
    ["a first line that is no JSON", "a,b,c,d\n1,2,3,4\n", "invalid_json"],
    ["a first line that is no row", '"x"\n', "invalid_row"],
    ["unknown features", line({ ...SETOSA, e: 1 }), "unknown_feature"],
    ["missing features", line({ a: 1 }), "missing_feature"],
  ])("is refused before it begins for %s", async (_what, body, code) => {
    expect((await problemOf(await lines(app, body))).slice(0, 2)).toEqual([400, code]);
  });

  it("begins all the same when its first line has a wrong value", async () => {
    const results = await linesOf(await lines(app, line({ ...SETOSA, a: null }) + line(SETOSA)));
    expect(results.map(({ ok, error }) => (ok ? "ok" : error?.code))).toEqual([
      "missing_value",
      "ok",
    ]);
  });

  it("that goes on from another request counts on, and its first line speaks for itself", async () => {
    const answer = await lines(app, `oops\n${line(SETOSA)}`, "?offset=5000");
    const results = await linesOf(answer);
    expect(results[0]?.error?.path).toBe("rows[5000]");
    expect(results[1]?.label).toBe("setosa");
  });

  it("is refused with the model's own status when that cannot be had", async () => {
    const answer = await app.request("/v1/models/nope/predict", {
      method: "POST",
      body: line(SETOSA),
      headers: { "content-type": "application/x-ndjson" },
    });
    expect((await problemOf(answer)).slice(0, 2)).toEqual([404, "model_not_found"]);
  });

  /** Hands out lines batch by batch, and tells how many were taken. */
  function watchedBody(batches: readonly string[], then: "end" | "break" = "end") {
    const seen = { taken: 0, cancelled: false };
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const text = batches[seen.taken];
          seen.taken += 1;
          if (text !== undefined) controller.enqueue(new TextEncoder().encode(text));
          else if (then === "end") controller.close();
          else controller.error(new Error("the client went away"));
        },
        cancel() {
          seen.cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    return { seen, body };
  }

  const batch = line(SETOSA).repeat(256);

  it("is read no further than it is answered, and its answer no further than it is read", async () => {
    const { seen, body } = watchedBody(Array.from({ length: 50 }, () => batch));
    const answer = await lines(app, body);
    const reader = answer.body?.getReader();
    await reader?.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen.taken).toBeLessThan(5);
    for (let read = 0; read < 10; read += 1) await reader?.read();
    expect(seen.taken).toBeGreaterThan(9);
    expect(seen.taken).toBeLessThan(16);
    await reader?.cancel();
    expect(seen.cancelled).toBe(true);
    expect(app.events.at(-1)).toMatchObject({ kind: "inference" });
  });

  it("that breaks off ends with a line that says so", async () => {
    const { body } = watchedBody([batch, batch], "break");
    const results = await linesOf(await lines(app, body));
    expect(results.filter(({ ok }) => ok)).toHaveLength(512);
    expect(results.at(-1)).toMatchObject({
      ok: false,
      final: true,
      error: { code: "bad_encoding" },
    });
  });

  it("whose model is lost in the middle ends with a line that says so", async () => {
    const { seen, body } = watchedBody([batch, batch, batch, batch]);
    const answer = await lines(app, body);
    const reader = answer.body?.getReader();
    await reader?.read();
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    await app.post("/v2/repository/models/iris-logreg/unload", {}, headers);
    app.store.break("iris-logreg", "unreachable");
    let text = "";
    for (
      let piece = await reader?.read();
      piece?.value !== undefined;
      piece = await reader?.read()
    ) {
      text += new TextDecoder().decode(piece.value);
    }
    const last = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ ok: false, final: true, error: { code: "store_unavailable" } });
    expect(seen.cancelled).toBe(true);
  });

  it("that breaks off at once is refused", async () => {
    const answer = await lines(app, watchedBody([], "break").body);
    expect((await problemOf(answer)).slice(0, 2)).toEqual([400, "bad_encoding"]);
  });

  it("ends with a line that says so when a bug meets it, and the log has the bug", async () => {
    const bug = batch + line({ ...SETOSA, d: -3 });
    const results = await linesOf(await lines(app, bug));
    expect(results).toHaveLength(257);
    expect(results.at(-1)).toMatchObject({ final: true, error: { code: "internal_error" } });
    expect(JSON.stringify(results.at(-1))).not.toContain("secret");
    expect(app.events.some(({ kind }) => kind === "request_failed")).toBe(true);
  });
});
