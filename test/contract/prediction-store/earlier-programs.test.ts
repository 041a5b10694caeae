import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisBackend, startRedisInMemory } from "../../../infra/local/redis-backend.ts";
import { type RedisBridge, startRedisBridge } from "../../../infra/local/redis-bridge.ts";
import { createUpstashPredictionStore } from "../../../src/adapters/upstash/prediction-store.ts";
import { settleEntity } from "../../../src/core/quality/settle-entity.ts";
import { must } from "../../support/must.ts";
import { addRecords, aRecord } from "../../support/records.ts";

const TOKEN = "a-token-for-tests-only";
const ENTITY = { type: "match", id: "x" };
const KEY = "p:recs:entity:match:x";

describe("what an earlier program has left in Redis", () => {
  let backend: RedisBackend;
  let bridge: RedisBridge;
  beforeAll(async () => {
    backend = startRedisInMemory();
    bridge = await startRedisBridge(backend, TOKEN);
  });
  afterAll(async () => {
    await bridge?.stop();
    await backend?.stop();
  });

  // It took over all ids at once, and told nothing of how far it was.
  it("is gone on with where a settling was half done, each once", async () => {
    const store = createUpstashPredictionStore({ url: bridge.url, token: TOKEN, keyPrefix: "p:" });
    const records = ["a", "b", "c"].map((id) => aRecord({ id, entity: ENTITY }));
    await addRecords(store, records, Date.now());
    await backend.run(["HSET", `${KEY}#settle`, "rev", "1", "value", '"a"']);
    await backend.run(["HSET", `${KEY}#settle`, "round", "1", "done", "2"]);
    await backend.run(["ZADD", `${KEY}#todo`, "1", "b"]);
    await backend.run(["ZADD", "p:recs:unsettled", "1", KEY]);
    await addRecords(store, [aRecord({ id: "d", entity: ENTITY })], Date.now());
    const finishing = { entity: ENTITY, rev: 1, value: "a" };
    const how = { untilMs: Date.now() + 60_000, again: false };
    const told = must(await settleEntity({ predictions: store, clock: Date }, finishing, how));
    expect(told.looked).toBe(2);
    expect(told.counts).toMatchObject({ settled: 2, unchanged: 2, pending: 0 });
    const found = must(await store.get(["a", "b", "c", "d"], 10_000));
    expect(found.map((kept) => kept?.outcome?.value)).toEqual([undefined, "a", undefined, "a"]);
    expect(must(await store.unsettled(10, 10_000))).toEqual([]);
  });
});
