import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryEntityStore } from "../../src/adapters/memory/entity-store.ts";
import { ADMIN_TOKEN, type HttpApp } from "../support/http-app.ts";
import { jsonSender, refusalOf } from "../support/json-answers.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { createFlowerApp, createMemoryRecords, PREDICT, SETOSA, VIRGINICA } from "./flowers.ts";
import { CLASSES } from "./iris-engine.ts";

const PATH = "/v1/bundles/flowers/predict";

let app: HttpApp;

const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
const put = (...references: readonly string[]) =>
  send("PUT", "/v1/bundles/flowers", { references });

interface Member {
  readonly reference: string;
  readonly ok: boolean;
  readonly results?: readonly Readonly<Record<string, unknown>>[];
  readonly error?: { readonly code: string; readonly detail: string; readonly path?: string };
}

const membersOf = ({ body }: Awaited<ReturnType<typeof send>>) => body.results as readonly Member[];

/** In a word each: what every model said of every row. */
const saidBy = (members: readonly Member[]) =>
  members.map(
    ({ error, results }) =>
      error?.code ??
      results?.map((result) => result.label ?? (result.error as { code: string }).code),
  );

const csv = (text: string, query = "") =>
  send("POST", `${PATH}${query}`, text, { "content-type": "text/csv" });

/** A model whose engine takes the first three of its features for the scores of three species. */
async function putModel(name: string, features: readonly object[]) {
  const facts = { task: "classification", classes: CLASSES, features };
  await putVersion(app.bucket, name, "1", Uint8Array.of(name.length), facts);
  await putDeployment(app.bucket, name, 1, { production: { "1": 100 } });
}

const float = (name: string) => ({ name, dtype: "float32" });

beforeEach(async () => {
  app = await createFlowerApp({
    records: createMemoryRecords(),
    entities: createMemoryEntityStore(),
  });
  // Its features are a, b, c and d. This one has them in another order, and one of its own.
  await putModel("turned", [float("c"), float("b"), float("a"), { ...float("z"), missing: 0 }]);
  await putModel("strict", [float("a"), float("b"), float("c"), float("e")]);
});

describe("rows for all models of a bundle", () => {
  it("are read by each model's own manifest, and answered as by its predict route", async () => {
    await put("iris-logreg", "turned@1");
    const { status, body } = await send("POST", PATH, { rows: [SETOSA, { ...VIRGINICA, z: 1 }] });
    const alone = await send("POST", PREDICT, { rows: [SETOSA, VIRGINICA] });
    const aloneResults = (alone.body.results as readonly object[]).map((result) => ({
      ...result,
      prediction_id: expect.stringMatching(/^id-/),
    }));
    const facts = {
      ok: true,
      version: "1",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      strategy: "fast",
      cached_rows: 0,
    };
    const id = { prediction_id: expect.stringMatching(/^id-/) };
    expect([status, body]).toEqual([
      200,
      {
        results: [
          {
            ...{ reference: "iris-logreg", model: "iris-logreg", ...facts, cache: "miss" },
            route: "production:1",
            results: aloneResults,
          },
          {
            ...{ reference: "turned@1", model: "turned", ...facts, cache: "miss", route: "1" },
            results: [
              expect.objectContaining({ ok: true, ...id, label: "virginica" }),
              expect.objectContaining({ ok: true, ...id, label: "setosa" }),
            ],
          },
        ],
        meta: { bundle: "flowers", request_id: expect.stringMatching(/^id-/) },
      },
    ]);
  });

  it.each<[string, () => Promise<Awaited<ReturnType<typeof send>>>]>([
    ["objects", () => send("POST", PATH, { rows: [SETOSA, VIRGINICA] })],
    [
      "columns",
      () =>
        send("POST", PATH, { columns: { a: [0.75, 0.25], b: [0.25, 0], c: [0, 0.75], d: [9, 9] } }),
    ],
    ["CSV", () => csv("d,c,b,a\n9,0,.25,.75\n9,.75,0,.25\n")],
    ["CSV with columns that no model has", () => csv("id,d,c,b,a\nx,9,0,.25,.75\ny,9,.75,0,.25\n")],
  ])("mean the same as %s", async (_form, ask) => {
    await put("iris-logreg", "turned");
    expect(saidBy(membersOf(await ask()))).toEqual([
      ["setosa", "virginica"],
      ["virginica", "setosa"],
    ]);
  });

  it("as arrays of values are in each model's own order", async () => {
    await put("iris-logreg", "turned");
    const answer = await send("POST", PATH, {
      rows: [
        [0.75, 0.25, 0, 9],
        [1, 2],
      ],
    });
    expect(saidBy(membersOf(answer))).toEqual([
      ["setosa", "invalid_row"],
      ["setosa", "invalid_row"],
    ]);
  });

  it("may be entities, whose stored features each model takes its own of", async () => {
    await put("iris-logreg", "turned");
    await send("PUT", "/v1/entities/flower/s", { features: { ...SETOSA, z: 3 } });
    const answer = await send("POST", PATH, { entities: ["flower:s", "flower:none"] });
    expect(saidBy(membersOf(answer))).toEqual([
      ["setosa", "entity_not_found"],
      ["virginica", "entity_not_found"],
    ]);
  });

  it("have a feature that only some models know, and fail with one that none knows", async () => {
    await put("iris-logreg", "turned");
    const answer = await send("POST", PATH, {
      rows: [
        { ...SETOSA, z: 1 },
        { ...SETOSA, colour: 1 },
        { ...SETOSA, zz: 1 },
      ],
    });
    const members = membersOf(answer);
    expect(saidBy(members)).toEqual([
      ["setosa", "unknown_feature", "unknown_feature"],
      ["virginica", "unknown_feature", "unknown_feature"],
    ]);
    expect(members[0]?.results?.[1]?.error).toEqual({
      code: "unknown_feature",
      path: "rows[1].colour",
      detail:
        "rows[1].colour is not a feature of any model of the bundle; their features are 'a', 'b', 'c', 'd', 'z'",
    });
    const near = members[0]?.results?.[2]?.error as { readonly detail: string };
    expect(near.detail).toContain("did you mean 'z'?");
    const ignored = await send("POST", `${PATH}?unknown=ignore`, {
      rows: [{ ...SETOSA, colour: 1 }],
    });
    expect(saidBy(membersOf(ignored))).toEqual([["setosa"], ["virginica"]]);
  });

  it("fail where a feature is missing, in the models alone that need it", async () => {
    await put("strict", "iris-logreg");
    const rows = await send("POST", PATH, { rows: [SETOSA, { ...SETOSA, e: 1 }] });
    expect(saidBy(membersOf(rows))).toEqual([
      ["missing_feature", "setosa"],
      ["setosa", "setosa"],
    ]);
    const [strict, iris] = membersOf(await csv("a,b,c,d\n.75,.25,0,9\n"));
    expect(strict).toEqual({
      reference: "strict",
      ok: false,
      error: {
        code: "invalid_columns",
        detail: expect.stringMatching(/^column 'e' is missing/),
        path: "column 'e'",
      },
    });
    expect(iris).toMatchObject({ ok: true, results: [{ label: "setosa" }] });
  });

  it("are refused as a whole for a column that is wrong whichever model reads it", async () => {
    await put("iris-logreg", "turned");
    for (const [said, ask] of [
      [
        /'colour' is not a feature of any model of the bundle/,
        () => csv("a,b,c,d,colour\n1,0,0,9,7\n", "?unknown=refuse"),
      ],
      [/'z' stands in the header more than once/, () => csv("a,b,c,d,z,z\n1,0,0,9,7,7\n")],
      [
        /columns\.z has 1 values, the columns before it 2/,
        () =>
          send("POST", PATH, { columns: { a: [1, 1], b: [0, 0], c: [0, 0], d: [9, 9], z: [7] } }),
      ],
    ] as const) {
      const answer = await ask();
      expect(refusalOf(answer)).toEqual([400, "invalid_columns"]);
      expect(answer.body.detail).toMatch(said);
    }
  });

  it("tell the columns that no model has", async () => {
    await put("iris-logreg", "turned");
    const { body } = await csv("id,a,b,c,d,z,at\n7,.75,.25,0,9,1,x\n");
    expect(body.meta).toEqual({
      bundle: "flowers",
      request_id: expect.any(String),
      ignored_columns: ["id", "at"],
    });
    for (const member of body.results as readonly Member[]) {
      expect(member).not.toHaveProperty("ignored_columns");
    }
  });

  it("are answered by the others when a model cannot be had, whose features nobody knows", async () => {
    await put("turned", "iris-logreg");
    await app.bucket.delete("models/turned/versions/1/model.onnx", { deadlineMs: 1 });
    const members = membersOf(await send("POST", PATH, { rows: [{ ...SETOSA, z: 1 }] }));
    expect(saidBy(members)).toEqual(["model_unavailable", ["setosa"]]);
    expect(members[0]?.error?.detail).toContain("bytes_missing");
  });

  it("fail one by one in each model, as they do alone", async () => {
    await put("iris-logreg", "turned");
    const { status, ...answer } = await send("POST", PATH, {
      rows: [SETOSA, { ...SETOSA, d: -1 }, { ...SETOSA, a: "much" }],
    });
    expect([status, saidBy(membersOf(answer as Awaited<ReturnType<typeof send>>))]).toEqual([
      200,
      [
        ["setosa", "rejected_input", "invalid_value"],
        ["virginica", "virginica", "invalid_value"],
      ],
    ]);
  });

  it("count their places from an offset, as rows of a file in parts do", async () => {
    await put("iris-logreg");
    const [member] = membersOf(await csv("a,b,c,d\n1,0,0,9\n1,0,x,9\n", "?offset=500"));
    expect(member?.results?.[1]).toMatchObject({ error: { path: "rows[501].c" } });
  });

  it("leave a record of every answer of every model, and one line each in the log", async () => {
    await put("iris-logreg", "turned");
    const members = membersOf(await send("POST", PATH, { rows: [SETOSA, VIRGINICA] }));
    // Records of one model wait, by the clock, until those of another are written.
    const ticking = setInterval(() => void app.clock.advance(100), 1);
    await app.background();
    clearInterval(ticking);
    const ids = members.flatMap(({ results = [] }) => results.map((one) => one.prediction_id));
    expect(new Set(ids).size).toBe(4);
    const told = await Promise.all(ids.map((id) => send("GET", `/v1/predictions/${id}`)));
    expect(told.map(({ body }) => [body.model, (body.output as { label: string }).label])).toEqual([
      ["iris-logreg", "setosa"],
      ["iris-logreg", "virginica"],
      ["turned", "virginica"],
      ["turned", "setosa"],
    ]);
    expect(app.events.filter(({ kind }) => kind === "inference")).toMatchObject([
      { model: "iris-logreg", rows: 2 },
      { model: "turned", rows: 2 },
    ]);
  });

  it.each<[string, unknown, Record<string, string>, number, string, RegExp]>([
    ["nothing", {}, {}, 400, "invalid_request", /rows/],
    ["no rows", { rows: [] }, {}, 400, "invalid_request", /no rows/],
    ["both", { rows: [SETOSA], inputs: [] }, {}, 400, "invalid_request", /'inputs' and 'rows'/],
    [
      "a conversation",
      { rows: [SETOSA], conversation: { id: "c", category: "a", resource: "b" } },
      {},
      400,
      "invalid_request",
      /not appended to a conversation/,
    ],
    ["no CSV", 'a,"b\n', { "content-type": "text/csv" }, 400, "invalid_csv", /record 1/],
    [
      "rows a line",
      JSON.stringify(SETOSA),
      { "content-type": "application/x-ndjson" },
      415,
      "unsupported_media_type",
      /for one model/,
    ],
    [
      "too many",
      { rows: Array.from({ length: 1_001 }, () => []) },
      {},
      413,
      "too_many_rows",
      /send them in parts$/,
    ],
  ])("are refused: %s", async (_what, body, headers, status, code, said) => {
    await put("iris-logreg");
    const answer = await send("POST", PATH, body, headers);
    expect(refusalOf(answer)).toEqual([status, code]);
    expect(answer.body.detail).toMatch(said);
  });

  it("are refused for a query that is wrong", async () => {
    await put("iris-logreg");
    const answer = await send("POST", `${PATH}?unknown=maybe`, { rows: [SETOSA] });
    expect(refusalOf(answer)).toEqual([400, "invalid_request"]);
  });
});

describe("tensors for all models of a bundle", () => {
  it("leave a record of each answer where the model's deployment wants them, as alone", async () => {
    app = await createFlowerApp({ records: createMemoryRecords() }, { record: { rate: 1 } });
    await putModel("turned", [float("c"), float("b"), float("a"), float("d")]);
    await put("iris-logreg", "turned");
    const inputs = [
      { name: "features", datatype: "FP32", shape: [1, 4], data: [0.75, 0.25, 0, 9] },
    ];
    const { body } = await send("POST", PATH, { inputs });
    await app.background();
    const ids = (body.results as readonly { readonly prediction_id: string }[]).map(
      (result) => result.prediction_id,
    );
    const told = await Promise.all(ids.map((id) => send("GET", `/v1/predictions/${id}`)));
    expect(told.map((answer) => [answer.status, answer.body.model])).toEqual([
      [200, "iris-logreg"],
      [404, undefined],
    ]);
  });
});
