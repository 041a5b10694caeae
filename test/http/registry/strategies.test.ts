import { beforeEach, describe, expect, it } from "vitest";
import type { JsonAnswer } from "../../support/json-answers.ts";
import type { PredictionOptions } from "../../support/predictions.ts";
import { createRegistryApp, MODEL, type RegistryApp } from "../../support/registry-http.ts";
import { createTestRemote } from "../../support/remote.ts";

let registry: RegistryApp;
let secrets: Record<string, string>;

const create = (predictions: PredictionOptions = {}) =>
  createRegistryApp(
    {},
    {
      predictions,
      remote: createTestRemote({
        hosts: "gpu.example.com",
        isLocal: false,
        secrets,
      }).remote,
    },
  );

beforeEach(async () => {
  secrets = { FRESHET_SECRET_GPU: "s3cret" };
  registry = create();
  await registry.publish("a");
  await registry.publish("a2");
});

async function put(settings: object, aliases?: object): Promise<JsonAnswer> {
  const path = `${MODEL}/deployment`;
  const { headers, body } = await registry.send("GET", path);
  const etag = headers.get("etag") ?? "";
  const routes = aliases ?? body.aliases;
  return registry.send("PUT", path, { aliases: routes, ...settings }, { "if-match": etag });
}

const OIP = { kind: "oip", url: "https://gpu.example.com", reference: "large@2" };
const CHAT = {
  kind: "chat",
  url: "https://gpu.example.com/v1/chat/completions",
  chat_model: "large",
  prompt: "{{inputs}}",
};
const OWN = { kind: "model", reference: "m@2" };
const premium = (strategy: object) => ({ strategies: { premium: strategy } });

/** Status, code and the paths of what is wrong. */
const wrong = ({ status, body }: JsonAnswer) => [
  status,
  body.code,
  (body.errors as readonly { readonly path: string }[] | undefined)?.map(({ path }) => path),
];

describe("a premium strategy", () => {
  it.each([
    ["a server of the protocol", OIP],
    ["one with a secret", { ...OIP, secret: "FRESHET_SECRET_GPU" }],
    [
      "a chat endpoint",
      { ...CHAT, prompt: "{{input x}}", map: { sum: "/a/b" }, schema: { type: "object" } },
    ],
    ["another version of the model", OWN],
    ["a race", { ...OWN, mode: "race", race_ms: 200 }],
  ])("is set: %s", async (_what, strategy) => {
    expect((await put(premium(strategy))).status).toBe(200);
    expect((await registry.send("GET", `${MODEL}/deployment`)).body).toMatchObject(
      premium({ ...strategy, attempts: 3 }),
    );
  });

  it("is cleared by an empty object, and stays where nothing is said of it", async () => {
    await put(premium(OIP));
    expect((await put({ warm: ["production"] })).body).toMatchObject(premium(OIP));
    expect((await put({ strategies: {} })).body.strategies).toEqual({});
  });

  it.each([
    ["a host that is not on the list", { ...OIP, url: "https://evil.test" }, "url"],
    ["no TLS", { ...OIP, url: "http://gpu.example.com" }, "url"],
    ["an IP address", { ...OIP, url: "https://0x7f.1" }, "url"],
    ["a secret that is not set", { ...CHAT, secret: "FRESHET_SECRET_LLM" }, "secret"],
    ["no reference", { ...OWN, reference: "a b@c" }, "reference"],
    ["a model that there is not", { ...OWN, reference: "n" }, "reference"],
    ["an alias that there is not", { ...OWN, reference: "m@canary" }, "reference"],
    ["a version that there is not", { ...OWN, reference: "m@7" }, "reference"],
    ["the very version of production", { ...OWN, reference: "m@1" }, "reference"],
    ["production itself", { ...OWN, reference: "m" }, "reference"],
    ["race without race_ms", { ...OIP, mode: "race" }, "race_ms"],
    ["race_ms without race", { ...OIP, race_ms: 100 }, "race_ms"],
    ["a place in the prompt that is none", { ...CHAT, prompt: "{{input}}" }, "prompt"],
    ["an input that the model has not", { ...CHAT, prompt: "{{input y}}" }, "prompt"],
    ["a map of an output that it has not", { ...CHAT, map: { label: "/a" } }, "map.label"],
    [
      "a schema that is none",
      { ...OIP, schema: { properties: { l: { type: "int" } } } },
      "schema.properties.l.type",
    ],
  ])("is refused with %s", async (_what, strategy, field) => {
    const answer = await put(premium(strategy), { production: { weights: { "1": 100 } } });
    expect(wrong(answer)).toEqual([422, "invalid_strategy", [`strategies.premium.${field}`]]);
    const { body } = await registry.send("GET", `${MODEL}/deployment`);
    expect(body.strategies).toBeUndefined();
  });

  it("is told everything that is wrong at once, and no secret", async () => {
    const answer = await put(
      premium({ ...OIP, url: "https://evil.test", mode: "race", schema: { type: 1 } }),
    );
    expect(wrong(answer)[2]).toEqual([
      "strategies.premium.race_ms",
      "strategies.premium.schema.type",
      "strategies.premium.url",
    ]);
    expect(JSON.stringify(answer.body)).not.toContain("s3cret");
  });

  it("may name an alias that the same request makes", async () => {
    const routes = {
      production: { weights: { "1": 100 } },
      large: { weights: { "2": 100 } },
    };
    expect((await put(premium({ ...OWN, reference: "m@large" }), routes)).status).toBe(200);
    const same = { ...routes, large: { weights: { "1": 100 } } };
    expect((await put(premium({ ...OWN, reference: "m@large" }), same)).status).toBe(422);
  });

  it("may name another model, and one of several versions that share production", async () => {
    const split = { production: { weights: { "1": 50, "2": 50 } } };
    expect((await put(premium(OWN), split)).status).toBe(200);
  });

  it("needs the bucket to say whether its model is there", async () => {
    const etag = (await registry.send("GET", `${MODEL}/deployment`)).headers.get("etag") ?? "";
    const body = {
      aliases: { production: { weights: { "1": 100 } } },
      ...premium({ ...OWN, reference: "n" }),
    };
    registry.app.store.break("get n/deployment.json", "unreachable");
    const answer = await registry.send("PUT", `${MODEL}/deployment`, body, { "if-match": etag });
    expect(wrong(answer).slice(0, 2)).toEqual([503, "store_unavailable"]);
  });

  it.each([
    ["policy.use_cache is off", { policy: { use_cache: false } }],
    ["cache.isolate and cache.redis are off", { cache: { isolate: false, redis: false } }],
    ["the Worker keeps no predictions", { cache: { ttl_ms: 0, stale_ms: 0 } }],
  ])("is refused where nothing could keep its answer: %s", async (why, settings) => {
    const answer = await put({ ...premium(OIP), ...settings });
    expect(wrong(answer)).toEqual([422, "invalid_strategy", ["strategies.premium"]]);
    expect(answer.body.detail).toContain(why);
    // Nor may what keeps them be switched off under it.
    await put(premium(OIP));
    expect(wrong(await put(settings)).slice(0, 2)).toEqual([422, "invalid_strategy"]);
    expect((await put({ ...settings, strategies: {} })).status).toBe(200);
  });

  it("is refused where the Worker's USE_CACHE is off, unless the model's is on", async () => {
    registry = create({ useCache: false });
    await registry.publish("a");
    expect(wrong(await put(premium(OIP))).slice(0, 2)).toEqual([422, "invalid_strategy"]);
    expect((await put({ ...premium(OIP), policy: { use_cache: true } })).status).toBe(200);
  });

  it("that is not allowed any more keeps nobody from moving a route", async () => {
    const strategy = premium({ ...OIP, secret: "FRESHET_SECRET_GPU" });
    await put(strategy);
    delete secrets.FRESHET_SECRET_GPU;
    expect((await put(strategy)).status).toBe(422);
    const moved = await put({}, { production: { weights: { "2": 100 } } });
    expect(moved.status).toBe(200);
  });

  it("'fast' is the route itself, and the answer says so", async () => {
    const answer = await put({ strategies: { fast: { kind: "model", reference: "m@2" } } });
    expect(wrong(answer)).toEqual([400, "invalid_request", ["strategies.fast"]]);
    expect(answer.body.detail).toContain("the route itself");
  });

  it.each([
    ["another kind", { kind: "http", url: "https://gpu.example.com" }],
    ["a misspelt field", { ...OIP, timeoutms: 5 }],
    ["another secret of the Worker's", { ...OIP, secret: "S3_SECRET_ACCESS_KEY" }],
    ["a query", { ...OIP, url: "https://gpu.example.com/?key=s3cret" }],
  ])("is no strategy with %s", async (_what, strategy) => {
    expect(wrong(await put(premium(strategy))).slice(0, 2)).toEqual([400, "invalid_request"]);
  });
});
