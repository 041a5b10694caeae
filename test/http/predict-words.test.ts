import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryConversationStore } from "../../src/adapters/memory/conversation-store.ts";
import { createMemoryEntityStore } from "../../src/adapters/memory/entity-store.ts";
import { type ClientResult, readResults } from "../support/fixture-rows.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { jsonSender } from "../support/json-answers.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { PREDICT } from "./flowers.ts";
import { CLASSES, createIrisEngine } from "./iris-engine.ts";

const FEATURES = [
  // The second one is 1 to the engine, and with that the likeliest class is the first.
  { name: "a", dtype: "string", categories: ["1", "0"] },
  ...["b", "c", "d"].map((name) => ({ name, dtype: "float32" })),
];
const REST = { b: 0, c: 0.5, d: 9 };

async function createApp(maxRows = 2): Promise<HttpApp> {
  const app = createHttpApp({
    engine: createIrisEngine(),
    entities: createMemoryEntityStore(),
    conversations: createMemoryConversationStore(createManualClock()),
    settings: { maxRows, maxBodyBytes: 16 * 1024 * 1024 },
  });
  const facts = { task: "classification", classes: CLASSES, features: FEATURES };
  await putVersion(app.bucket, "iris-logreg", "1", Uint8Array.of(1), facts);
  await putDeployment(app.bucket, "iris-logreg", 1, { production: { "1": 100 } });
  return app;
}

let app: HttpApp;
beforeEach(async () => {
  app = await createApp();
});

const as = (type: string, body: string | Uint8Array<ArrayBuffer>, query = "") =>
  app.request(`${PREDICT}${query}`, { method: "POST", body, headers: { "content-type": type } });

const csv = (body: string | Uint8Array<ArrayBuffer>, query = "") => as("text/csv", body, query);

const labelOf = async (answer: Response) => {
  const { results } = (await answer.json()) as { results: readonly ClientResult[] };
  return results[0]?.label ?? results[0]?.error?.detail;
};

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}
const problemOf = async (answer: Response): Promise<Problem> => (await answer.json()) as Problem;

describe("a category that looks like a number", () => {
  it("is the same in rows, columns, CSV, lines and entities", async () => {
    const send = jsonSender((path, init) => app.request(path, init), ADMIN_TOKEN);
    await send("PUT", "/v1/entities/flower/text", { features: { a: "0", ...REST } });
    await send("PUT", "/v1/entities/flower/number", { features: { a: 0, ...REST } });
    const columns = { b: [0], c: [0.5], d: [9] };
    const answers = [
      app.post(PREDICT, { rows: [{ a: "0", ...REST }] }),
      app.post(PREDICT, { rows: [{ a: 0, ...REST }] }),
      app.post(`${PREDICT}?values=text`, { rows: [["0", "0", "0.5", "9"]] }),
      app.post(PREDICT, { columns: { a: [0], ...columns } }),
      app.post(PREDICT, { columns: { a: ["0"], ...columns } }),
      csv("a,b,c,d\n0,0,0.5,9\n"),
      csv("a,b,c,d\n0.0,0,0.5,9\n"),
      app.post(PREDICT, { entities: ["flower:text"] }),
      app.post(PREDICT, { entities: ["flower:number"] }),
    ];
    for (const answer of answers) expect(await labelOf(await answer)).toBe("setosa");
    const line = `${JSON.stringify({ a: 0, ...REST })}\n`;
    const streamed = readResults(await (await as("application/x-ndjson", line)).text());
    expect(streamed.map(({ label }) => label)).toEqual(["setosa"]);
    expect(await labelOf(await csv("a,b,c,d\n1,0,0.5,9\n"))).toBe("virginica");
  });
});

describe("a file that is separated by something else than commas", () => {
  it.each([
    ["semicolons", "a;b;c;d\n0;0;0,5;9\n"],
    ["tabs", "a\tb\tc\td\n0\t0\t0.5\t9\n"],
    ["semicolons", '"a";"b";"c";"d"\n"0";0;0,5;9\n'],
  ])("is told so, for %s", async (found, body) => {
    const { code, detail } = await problemOf(await csv(body));
    expect(code).toMatch(/^invalid_c/);
    expect(detail).toContain(`; the header line has ${found}: columns are separated by commas`);
  });

  it("is not suspected where a column is missing", async () => {
    const { detail } = await problemOf(await csv("a,b,c\n0,0,0.5\n"));
    expect(detail).toBe("column 'd' is missing: the model needs it");
  });

  it("in another encoding than UTF-8 is told the byte", async () => {
    const latin = Uint8Array.of(0x61, 0x2c, 0x62, 0x0a, 0x4d, 0xfc, 0x6c, 0x2c, 0x31);
    expect((await problemOf(await csv(latin))).detail).toMatch(/it is not UTF-8 at byte 5$/);
  });
});

it("a column that is near to no feature is told what there are", async () => {
  const { detail } = await problemOf(await csv("a,b,c,d,colour\n0,0,0.5,9,1\n", "?unknown=refuse"));
  expect(detail).toBe(
    "column 'colour' is not a feature of the model; its features are 'a', 'b', 'c', 'd'",
  );
});

it.each([
  [
    "columns",
    (names: readonly string[]) => ({
      columns: Object.fromEntries(names.map((name) => [name, [1]])),
    }),
  ],
  [
    "rows",
    (names: readonly string[]) => ({ rows: [Object.fromEntries(names.map((name) => [name, 1]))] }),
  ],
])("two hundred thousand names in %s are looked at and passed over", async (_form, bodyOf) => {
  const names = Array.from({ length: 200_000 }, (_, place) => `column ${place}`);
  const answer = await app.post(
    `${PREDICT}?unknown=ignore`,
    bodyOf(["a", "b", "c", "d", ...names]),
  );
  expect([answer.status, await labelOf(answer)]).toEqual([200, "versicolor"]);
});

it("two hundred thousand columns of CSV are looked at once each", async () => {
  const names = Array.from({ length: 200_000 }, (_, place) => `column ${place}`);
  const cells = names.map(() => "");
  const head = `a,b,c,d,${names.join()}`;
  const wide = await csv(`${head}\n0,0,0.5,9,${cells.join()}\n`);
  expect([wide.status, await labelOf(wide)]).toEqual([200, "setosa"]);
  const twice = await problemOf(await csv(`${head},column 7\n0,0,0.5,9,${cells.join()},\n`));
  expect(twice.detail).toBe("column 'column 7' stands in the header more than once");
});

describe("too many rows", () => {
  const row = { a: "0", ...REST };

  it("are told the way of lines only where lines take them", async () => {
    const conversation = { id: "c-1", category: "x", resource: "y" };
    const rows = await problemOf(await app.post(PREDICT, { rows: [row, row, row] }));
    expect(rows.detail).toMatch(/more than 2 rows \(MAX_ROWS\).*application\/x-ndjson/);
    const entities = await problemOf(await app.post(PREDICT, { entities: ["a:1", "a:2", "a:3"] }));
    const talk = await problemOf(await app.post(PREDICT, { rows: [row, row, row], conversation }));
    expect([entities.detail, talk.detail]).toEqual([
      "the body has more than 2 entities (MAX_ROWS): send them in parts",
      "the body has more than 2 rows (MAX_ROWS): send them in parts",
    ]);
  });
});

describe("a conversation that is none is told in words what it may be", () => {
  const ask = async (conversation: unknown) =>
    problemOf(await app.post(PREDICT, { rows: [{ a: "0", ...REST }], conversation }));

  it.each([
    [null, /^conversation must be an object of id, category, resource and, if you like, scene/],
    [[], /^conversation must be an object of id/],
    [{}, /^conversation\.id is missing: it must be /],
    [{ id: 7, category: "x", resource: "y" }, /^conversation\.id must be /],
    [{ id: "c", category: "x".repeat(129), resource: "y" }, /^conversation\.category must be 1 to/],
    [{ id: "c", category: "x" }, /^conversation\.resource is missing: it must be 1 to 128/],
    [{ id: "c", category: "x", resource: "y", scene: null }, /^conversation\.scene must be 1 to/],
    [{ id: "c", category: "x", resource: "y", sceen: "z" }, /^conversation\.sceen is not known/],
  ])("%j", async (conversation, words) => {
    const { code, detail, errors } = await ask(conversation);
    expect([code, detail]).toEqual(["invalid_request", expect.stringMatching(words)]);
    expect(errors?.map(({ path, message }) => `${path} ${message}`)[0]).toBe(detail);
    expect(JSON.stringify(errors)).not.toMatch(/invalid input|expected|unrecognized|too big/i);
  });
});
