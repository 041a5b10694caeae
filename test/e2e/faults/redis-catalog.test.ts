import { afterAll, beforeAll, describe, type ExpectStatic, expect, it } from "vitest";
import type { Stack } from "../../../infra/local/stack.ts";
import { manifestKey } from "../../../src/core/model/keys.ts";
import { callApi } from "../../support/call-api.ts";
import { type FaultyStack, startFaultyStack } from "../../support/faulty-stack.ts";
import { askIris, irisBytes } from "../../support/iris.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";
import {
  REDIS_FAULTS,
  type RedisFault,
  SORTS_OF_REDIS_FAULTS,
} from "../../support/redis-faults.ts";
import { startTestStack } from "../../support/stack.ts";

const SETTINGS = { REVALIDATE_MS: "100", USE_CACHE: "false" };
/** A model whose moves raise the catalog's revision. */
const HERALD = "herald";
const PATIENCE = { timeout: 60_000, interval: 50 };

describe("invariant 5: a timeout or error of Redis is never read as a hit or as absent", () => {
  let setup: FaultyStack;
  /** Another isolate on the same bucket and Redis, past the doors. */
  let other: Stack;
  let models = 0;

  beforeAll(async () => {
    setup = await startFaultyStack(SETTINGS);
    other = await startTestStack({ ...setup.direct, ...SETTINGS });
    await publish(setup.store, HERALD, irisBytes(0));
  });
  afterAll(async () => {
    await other.stop();
    await setup.stop();
  });

  /** A model that both isolates serve. */
  async function newModel() {
    models += 1;
    const [model, mark] = [`m${models}`, 2 * models];
    await publish(setup.store, model, irisBytes(mark));
    for (const { url } of [setup.stack, other])
      expect((await askIris(url, model)).isRight).toBe(true);
    return { model, next: irisBytes(mark + 1) };
  }

  /** Which version answers, and rightly so. */
  const versionOf = async (url: string, model: string) => {
    const { isRight, status, version } = await askIris(url, model);
    expect([isRight, status]).toEqual([true, 200]);
    return version;
  };

  const aliasOf = (model: string, alias = "production") => `/v1/models/${model}/aliases/${alias}`;

  const loadsOf = (model: string) =>
    setup.s3.calls.filter((call) => call === `GET ${manifestKey(model, "1")}`).length;

  describe("MGET of the catalog", () => {
    it.each(REDIS_FAULTS)(
      "$name: what is served is served on, and what moves is found",
      async ({ fault, isHarmless }) => {
        const { model, next } = await newModel();
        const injected = setup.redis.inject(/^MGET freshet:dev:catalog /, fault);
        const meetsFault = async () => {
          expect(await versionOf(setup.stack.url, model)).toBe("1");
          return injected.hits;
        };
        await expect.poll(meetsFault, PATIENCE).toBeGreaterThan(1);
        // Nothing was forgotten for a word that Redis never said.
        expect(loadsOf(model)).toBe(1);
        if (isHarmless !== true) {
          await putVersion(setup.store, model, "2", next);
          await putDeployment(setup.store, model, 2, { production: { "2": 100 } });
          await expect.poll(() => versionOf(setup.stack.url, model), PATIENCE).toBe("2");
        }
        injected.lift();
        await putVersion(setup.store, model, "3", irisBytes(10_000 + models));
        expect((await callApi(other.url, "PUT", aliasOf(model), { version: "3" })).status).toBe(
          200,
        );
        await expect.poll(() => versionOf(setup.stack.url, model), PATIENCE).toBe("3");
      },
    );
  });

  /** The fault is met by the command for one model alone, or for the catalog by any. */
  const moveAndTell = async (
    expect: ExpectStatic,
    { fault }: RedisFault,
    commandFor: (model: string) => RegExp,
  ) => {
    const { model, next } = await newModel();
    const { redis, stack } = setup;
    // As it stands, so that Redis has a pointer that will be out of date.
    await callApi(stack.url, "PUT", aliasOf(model), { version: "1" });
    const told = () =>
      redis.passed.some((line) => line.startsWith(`SET freshet:dev:ptr:${model} `));
    await expect.poll(told, PATIENCE).toBe(true);
    const injected = redis.inject(commandFor(model), fault);
    const publishing = () =>
      callApi(stack.url, "POST", `/v1/models/${model}/versions?alias=production`, next);
    const published = await publishing();
    expect([published.status, published.body.version]).toEqual([201, "2"]);
    await expect.poll(() => injected.hits, PATIENCE).toBeGreaterThan(0);
    await expect.poll(() => versionOf(stack.url, model), PATIENCE).toBe("2");
    await versionOf(other.url, model);
    injected.lift();
    expect((await publishing()).status).toBe(200);
    await callApi(other.url, "PUT", aliasOf(HERALD, `for-${model}`), { version: "1" });
    await expect.poll(() => versionOf(other.url, model), PATIENCE).toBe("2");
  };
  const MOVED = "$name: the move is made, and known to all by the next one";

  describe.concurrent("MGET of the pointer when a move is announced", () => {
    it.for(SORTS_OF_REDIS_FAULTS)(MOVED, (cell, { expect }) =>
      moveAndTell(
        expect,
        cell,
        (model) => new RegExp(`^MGET freshet:dev:ptr:${model} freshet:dev:catalog `),
      ),
    );
  });

  describe.concurrent("SET of the pointer when a move is announced", () => {
    it.for(SORTS_OF_REDIS_FAULTS)(MOVED, (cell, { expect }) =>
      moveAndTell(expect, cell, (model) => new RegExp(`^SET freshet:dev:ptr:${model} `)),
    );
  });

  describe("INCR of the catalog when a move is announced", () => {
    it.for(SORTS_OF_REDIS_FAULTS)(MOVED, (cell) =>
      moveAndTell(expect, cell, () => /^INCR freshet:dev:catalog$/),
    );
  });

  describe("INCR of the epoch when caches are cleared", () => {
    it.each(REDIS_FAULTS)(
      "$name: the answer says how far the order reached",
      async ({ fault, isHarmless }) => {
        const { model } = await newModel();
        const injected = setup.redis.inject(/^INCR freshet:dev:epoch/, fault);
        const clear = () => callApi(setup.stack.url, "POST", "/v1/cache/clear", { model });
        const during = await clear();
        const reach = isHarmless ? "fleet" : "isolate";
        expect([during.status, during.body.reach, injected.hits]).toEqual([200, reach, 1]);
        expect(await versionOf(setup.stack.url, model)).toBe("1");
        injected.lift();
        expect((await clear()).body.reach).toBe("fleet");
        expect(await versionOf(setup.stack.url, model)).toBe("1");
      },
    );
  });
});
