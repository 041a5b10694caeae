import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../../infra/local/free-port.ts";
import { createUpstashSharedCache } from "../../../src/adapters/upstash/shared-cache.ts";
import type { SharedCache } from "../../../src/core/ports/shared-cache.ts";
import { type FaultServer, startFaultServer } from "../../support/fault-server.ts";
import {
  type Call,
  configAt,
  describeBadAnswers,
  failed,
  json,
  LONG_MS,
} from "../redis-answers/suite.ts";

const CALLS: Readonly<Record<string, Call<SharedCache>>> = {
  ping: (cache, deadlineMs) => cache.ping(deadlineMs),
  get: (cache, deadlineMs) => cache.get("k", deadlineMs),
  set: (cache, deadlineMs) => cache.set("k", "VALUEVALUE", { deadlineMs }),
  getMany: (cache, deadlineMs) => cache.getMany(["k", "l"], deadlineMs),
  increment: (cache, deadlineMs) => cache.increment("k", deadlineMs),
  mendCounters: (cache, deadlineMs) => cache.mendCounters(["k", "l"], deadlineMs),
  exchange: (cache, deadlineMs) =>
    cache.exchange("k", "VALUEVALUE", { expected: "OTHER", deadlineMs, ttlMs: 1_000 }),
  setIfAbsent: (cache, deadlineMs) =>
    cache.setIfAbsent("k", "VALUEVALUE", { deadlineMs, ttlMs: 1_000 }),
};

describe("what the Upstash adapter makes of a bad answer", () => {
  let server: FaultServer;

  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());

  describeBadAnswers(() => server, createUpstashSharedCache, CALLS);

  it.each(Object.entries(CALLS))(
    "reads a refused connection on %s as unreachable, at once",
    async (_, call) => {
      const nobody = createUpstashSharedCache(configAt(`http://127.0.0.1:${await freePort()}`));
      const startMs = performance.now();
      expect(await call(nobody, LONG_MS)).toMatchObject(failed("unreachable"));
      expect(performance.now() - startMs).toBeLessThan(2_000);
    },
  );

  it("is not misled by a value that speaks of 401 and Unauthorized", async () => {
    server.plan(json(400, { error: "ERR max request size exceeded" }));
    const cache = createUpstashSharedCache(configAt(server.url));
    const outcome = await cache.set("401", "Unauthorized WRONGPASS", { deadlineMs: LONG_MS });
    expect(outcome).toMatchObject(failed("refused"));
  });
});
