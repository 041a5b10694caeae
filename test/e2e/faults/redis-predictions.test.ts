import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultyStack, startFaultyStack } from "../../support/faulty-stack.ts";
import { askIris, irisBytes } from "../../support/iris.ts";
import { putDeployment, putVersion } from "../../support/publish.ts";
import { REDIS_FAULTS } from "../../support/redis-faults.ts";

/** Past the breaker's pauses, should a cell have opened it. */
const PATIENCE = { timeout: 60_000, interval: 50 };
const HIT = /^redis; hit/;

describe("invariant 5: a timeout or error of Redis is never read as a hit or as absent", () => {
  let setup: FaultyStack;
  let models = 0;

  beforeAll(async () => {
    // Long enough for what is late on a busy machine only, shorter than any fault that is too late.
    setup = await startFaultyStack({ REDIS_DEADLINE_MS: "1000" });
  });
  afterAll(() => setup.stop());

  /** A model whose predictions are kept in Redis alone. */
  async function newModel() {
    models += 1;
    const model = `m${models}`;
    await putVersion(setup.store, model, "1", irisBytes(models));
    const cache = { redis: true, isolate: false, ttl_ms: 600_000 };
    await putDeployment(setup.store, model, 1, { production: { "1": 100 } }, { cache });
    return model;
  }

  /** Where a right answer came from. */
  const sourceOf = async (model: string, flower: number) => {
    const { isRight, status, headers } = await askIris(setup.stack.url, model, flower);
    expect([isRight, status]).toEqual([true, 200]);
    return headers.get("cache-status") ?? "";
  };
  const becomesHit = (model: string, flower: number) =>
    expect.poll(() => sourceOf(model, flower), PATIENCE).toMatch(HIT);

  describe("GET of a prediction", () => {
    it.each(REDIS_FAULTS)(
      "$name: computed, and a hit again afterwards",
      async ({ fault, isHarmless }) => {
        const model = await newModel();
        await becomesHit(model, 0);
        const injected = setup.redis.inject(/^GET freshet:dev:pred:/, fault);
        for (const flower of [0, 1]) {
          const source = await sourceOf(model, flower);
          if (isHarmless && flower === 0) expect(source).toMatch(HIT);
          else expect(source).not.toMatch(HIT);
        }
        expect(injected.hits).toBe(2);
        injected.lift();
        for (const flower of [0, 1, 0]) await becomesHit(model, flower);
      },
    );
  });

  describe("SET of a prediction", () => {
    it.each(REDIS_FAULTS)(
      "$name: answered all the same, and kept afterwards",
      async ({ fault }) => {
        const model = await newModel();
        const injected = setup.redis.inject(/^SET freshet:dev:pred:/, fault);
        const meetsFault = async () => {
          await sourceOf(model, 0);
          return injected.hits;
        };
        await expect.poll(meetsFault, PATIENCE).toBeGreaterThan(0);
        injected.lift();
        for (const flower of [0, 1]) await becomesHit(model, flower);
      },
    );
  });
});
