import { describe, expect, it } from "vitest";
import { createMemorySharedCache } from "../../src/adapters/memory/shared-cache.ts";
import { createHttpApp, type HttpApp, type HttpAppOptions } from "../support/http-app.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { features, INFER } from "./iris-app.ts";
import { CLASSES, createIrisEngine } from "./iris-engine.ts";

const ROW = features([3, 2, 1, 0]);

async function createCachingApp(
  options: HttpAppOptions = {},
  deployment: Record<string, unknown> = {},
): Promise<HttpApp> {
  const app = createHttpApp({ engine: createIrisEngine(), predictions: {}, ...options });
  await putVersion(app.bucket, "iris-logreg", "1", Uint8Array.of(1), { classes: CLASSES });
  await putDeployment(app.bucket, "iris-logreg", 1, { production: { "1": 100 } }, deployment);
  return app;
}

const infer = (app: HttpApp, body: object = {}, headers: Record<string, string> = {}) =>
  app.post(INFER, { inputs: [ROW], ...body }, headers);

const caching = ({ headers }: Response) => [headers.get("cache-status"), headers.get("age")];

interface Body {
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: unknown;
  readonly [member: string]: unknown;
}

const bodyOf = async (answer: Response) => (await answer.json()) as Body;

describe("a kept answer over HTTP", () => {
  it("says so, its age and the rest of its time in whole seconds", async () => {
    const app = await createCachingApp();
    const first = await infer(app);
    expect(caching(first)).toEqual(["model; fwd=miss; stored, isolate; fwd=miss; stored", null]);
    await app.clock.advance(6_900);
    expect(caching(await infer(app))).toEqual(["isolate; hit; ttl=53", "6"]);
    await app.clock.advance(1_000);
    expect(caching(await infer(app))).toEqual(["isolate; hit; ttl=52", "7"]);
    expect(caching(await infer(app, { inputs: [features([1, 1, 1, 1])] }))).toEqual([
      "model; hit, isolate; fwd=miss; stored",
      null,
    ]);
    await app.clock.advance(55_000);
    expect(caching(await infer(app))).toEqual(["isolate; hit; ttl=-3", "62"]);
    await app.clock.advance(0);
    await app.background();
    expect(caching(await infer(app))).toEqual(["isolate; hit; ttl=60", "0"]);
  });

  it("is the same answer but for its ids and where it came from", async () => {
    const app = await createCachingApp();
    const answers = [];
    for (const id of ["a", "b", "c"]) {
      const answer = await infer(app, { id: `caller ${id}` }, { "x-request-id": `request-${id}` });
      const body = await bodyOf(answer);
      expect(body.parameters.prediction_id).toBe(answer.headers.get("x-freshet-prediction-id"));
      expect(body.parameters.request_id).toBe(`request-${id}`);
      expect(body.id).toBe(`caller ${id}`);
      answers.push({ body, headers: answer.headers });
    }
    expect(answers.map(({ body }) => body.parameters.cache)).toEqual([
      "miss",
      "isolate",
      "isolate",
    ]);
    expect(new Set(answers.map(({ body }) => body.parameters.prediction_id)).size).toBe(3);
    const withoutIds = answers.map(({ body }) => {
      const { digest, strategy, route } = body.parameters;
      return { ...body, id: undefined, parameters: { digest, strategy, route } };
    });
    expect(withoutIds[1]).toEqual(withoutIds[0]);
    expect(withoutIds[2]).toEqual(withoutIds[0]);
    for (const name of ["etag", "content-type", "x-freshet-digest", "x-freshet-version"]) {
      expect(new Set(answers.map(({ headers }) => headers.get(name))).size).toBe(1);
    }
  });

  it("comes in whatever form is asked for, however it was asked for first", async () => {
    const forms = [
      {},
      { parameters: { binary_data_output: true } },
      { outputs: [{ name: "label" }, { name: "scores" }, { name: "species" }] },
      {
        outputs: [
          { name: "label" },
          { name: "scores", parameters: { classification: 2 } },
          { name: "species", parameters: { binary_data: true } },
        ],
      },
    ];
    const plain = await createCachingApp({ predictions: { useCache: false } });
    const outputsOf = async (app: HttpApp, form: object) => {
      const answer = await infer(app, form);
      const length = Number(answer.headers.get("inference-header-content-length") ?? Number.NaN);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const head = Number.isNaN(length) ? bytes : bytes.subarray(0, length);
      const tail = Number.isNaN(length) ? "" : bytes.subarray(length).toString("hex");
      const { outputs } = JSON.parse(head.toString("utf8")) as Body;
      return { outputs, tail, type: answer.headers.get("content-type") };
    };
    const app = await createCachingApp();
    for (const form of [...forms, ...forms, ...forms.toReversed()]) {
      expect(await outputsOf(app, form)).toEqual(await outputsOf(plain, form));
    }
    const stats = await app.request("/v2/models/iris-logreg/stats");
    expect(await stats.json()).toMatchObject({
      model_stats: [
        {
          execution_count: 1,
          inference_stats: {
            success: { count: 12 },
            cache_hit: { count: 11 },
            cache_miss: { count: 1 },
          },
        },
      ],
    });
  });

  it("is told to the log, with its tier and age", async () => {
    const app = await createCachingApp();
    await infer(app);
    await app.clock.advance(1_500);
    await infer(app);
    expect(app.events.filter(({ kind }) => kind === "inference")).toMatchObject([
      { tier: "none", modelCache: "miss", route: "production:1" },
      { tier: "isolate", ageMs: 1_500, modelCache: "unused", route: "production:1" },
    ]);
  });

  it.each([
    ["no-cache", "model; hit, isolate; fwd=request; stored", "isolate; hit; ttl=60"],
    ["max-age=0", "model; hit, isolate; fwd=request; stored", "isolate; hit; ttl=60"],
    ["no-store", "model; hit, isolate; fwd=request", "isolate; hit; ttl=50"],
    ["No-Cache, no-store", "model; hit, isolate; fwd=request", "isolate; hit; ttl=50"],
    ["max-age=10, x-no-cache", "isolate; hit; ttl=50", "isolate; hit; ttl=50"],
    ["max-age=9", "model; hit, isolate; fwd=request; stored", "isolate; hit; ttl=60"],
    ['max-age="9"', "model; hit, isolate; fwd=request; stored", "isolate; hit; ttl=60"],
    ["max-age=-1", "isolate; hit; ttl=50", "isolate; hit; ttl=50"],
    ["max-age=ten", "isolate; hit; ttl=50", "isolate; hit; ttl=50"],
    ["min-fresh=49", "isolate; hit; ttl=50", "isolate; hit; ttl=50"],
    ["min-fresh=50", "model; hit, isolate; fwd=request; stored", "isolate; hit; ttl=60"],
    [
      "max-age=30, min-fresh=50",
      "model; hit, isolate; fwd=request; stored",
      "isolate; hit; ttl=60",
    ],
  ])("does not stand in the way of Cache-Control: %s", async (header, status, after) => {
    const app = await createCachingApp();
    await infer(app);
    await app.clock.advance(10_000);
    const answer = await infer(app, {}, { "cache-control": header });
    expect(answer.headers.get("cache-status")).toBe(status);
    expect((await infer(app)).headers.get("cache-status")).toBe(after);
  });

  it("comes from Redis when another isolate has made it", async () => {
    const clock = { now: () => app.clock.now() };
    const sharedCache = createMemorySharedCache(clock);
    const cache = { cache: { redis: true } };
    const app = await createCachingApp({ sharedCache }, cache);
    const other = await createCachingApp({ sharedCache }, cache);
    // The first request learns the epoch in the background: Redis is asked from the next one on.
    await infer(app);
    await app.background();
    await infer(other);
    await other.background();
    const row = { inputs: [features([1, 2, 3, 4])] };
    expect(caching(await infer(app, row))).toEqual([
      "model; hit, redis; fwd=miss, isolate; fwd=miss; stored",
      null,
    ]);
    await app.background();
    const answer = await infer(other, row);
    expect(caching(answer)).toEqual(["redis; hit; ttl=60, isolate; fwd=miss; stored", "0"]);
    expect((await bodyOf(answer)).parameters.cache).toBe("redis");
    expect(caching(await infer(other, row))).toEqual(["isolate; hit; ttl=60", "0"]);
  });

  it("in Redis alone names no isolate tier, and is as young as the caller wants it", async () => {
    const clock = { now: () => app.clock.now() };
    const sharedCache = createMemorySharedCache(clock);
    const app = await createCachingApp({ sharedCache }, { cache: { redis: true, isolate: false } });
    await infer(app);
    await app.background();
    const row = { inputs: [features([1, 2, 3, 4])] };
    const ask = async (directive = "") => {
      const answer = await infer(app, row, { "cache-control": directive });
      await app.background();
      return caching(answer);
    };
    expect(await ask()).toEqual(["model; hit, redis; fwd=miss", null]);
    await app.clock.advance(10_000);
    expect(await ask("max-age=10")).toEqual(["redis; hit; ttl=50", "10"]);
    expect(await ask("max-age=9")).toEqual(["model; hit", null]);
    expect(await ask("max-age=9")).toEqual(["redis; hit; ttl=60", "0"]);
    expect(await ask("no-store")).toEqual(["model; hit", null]);
  });

  it("that is stale is not given to who says how old it may be", async () => {
    const app = await createCachingApp();
    await infer(app);
    await app.clock.advance(70_000);
    const wish = { "cache-control": "max-age=3600" };
    expect(caching(await infer(app, {}, wish))).toEqual([
      "model; hit, isolate; fwd=miss; stored",
      null,
    ]);
    expect(caching(await infer(app, {}, wish))).toEqual(["isolate; hit; ttl=60", "0"]);
  });

  it("is nowhere to be seen where the model's deployment switches it off", async () => {
    const app = await createCachingApp({}, { policy: { use_cache: false } });
    await infer(app);
    const again = await infer(app);
    expect(caching(again)).toEqual(["model; hit", null]);
    expect((await bodyOf(again)).parameters.cache).toBe("hit");
  });
});
