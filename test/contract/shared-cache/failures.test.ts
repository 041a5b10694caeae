import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../../infra/local/free-port.ts";
import { createUpstashSharedCache } from "../../../src/adapters/upstash/shared-cache.ts";
import type { SharedCache, SharedCacheFailure } from "../../../src/core/ports/shared-cache.ts";
import {
  answer,
  blackHole,
  cutShort,
  type Fault,
  type FaultServer,
  reset,
  stalled,
  startFaultServer,
} from "../../support/fault-server.ts";

const TOKEN = "TOKENTOKENTOKEN";
const LONG_MS = 10_000;
const SHORT_MS = 300;

const cacheAt = (url: string): SharedCache =>
  createUpstashSharedCache({ url, token: TOKEN, keyPrefix: "p:" });

const json = (status: number, body: unknown): Fault => answer(status, JSON.stringify(body));

type Call = (cache: SharedCache, deadlineMs: number) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  ping: (cache, deadlineMs) => cache.ping(deadlineMs),
  get: (cache, deadlineMs) => cache.get("k", deadlineMs),
  set: (cache, deadlineMs) => cache.set("k", "VALUEVALUE", { deadlineMs }),
  getMany: (cache, deadlineMs) => cache.getMany(["k", "l"], deadlineMs),
  increment: (cache, deadlineMs) => cache.increment("k", deadlineMs),
  setIfAbsent: (cache, deadlineMs) =>
    cache.setIfAbsent("k", "VALUEVALUE", { deadlineMs, ttlMs: 1_000 }),
};

const failed = (reason: SharedCacheFailure["reason"]) => ({ ok: false, failure: { reason } });

describe("what the Upstash adapter makes of a bad answer", () => {
  let server: FaultServer;
  let cache: SharedCache;

  beforeAll(async () => {
    server = await startFaultServer();
    cache = cacheAt(server.url);
  });
  afterAll(() => server.stop());

  describe.each(Object.entries(CALLS))("on a %s", (_, call) => {
    it.each<readonly [what: string, fault: Fault, reason: SharedCacheFailure["reason"]]>([
      ["401", json(401, { error: "Unauthorized" }), "denied"],
      ["WRONGPASS", json(400, { error: "WRONGPASS invalid or missing auth token" }), "denied"],
      ["NOPERM of a read-only token", json(400, { error: "NOPERM no permissions" }), "denied"],
      ["Redis' refusal", json(400, { error: "ERR max daily request limit exceeded" }), "refused"],
      ["JSON of some other service", json(200, { status: "fine" }), "unreachable"],
      ["502 in HTML", answer(502, "<html>bad gateway</html>"), "unreachable"],
      ["a sign-in page with status 200", answer(200, "<html>hello</html>"), "unreachable"],
      ["a body cut short", cutShort(100, '{"result":"T0s='), "unreachable"],
      ["a reset connection", reset, "unreachable"],
    ])("reads %s as a failure of its own kind, after one call", async (_what, fault, reason) => {
      server.plan(fault);
      expect(await call(cache, LONG_MS)).toMatchObject(failed(reason));
      expect(server.seen).toHaveLength(1);
    });

    it.each<readonly [what: string, fault: Fault]>([
      ["never answers", blackHole],
      ["freezes in the middle of its answer", stalled(100, '{"result":')],
    ])(
      "fails at the deadline when the server %s: neither a hit nor absent",
      async (_what, fault) => {
        server.plan(fault);
        const startMs = performance.now();
        expect(await call(cache, SHORT_MS)).toMatchObject(failed("unreachable"));
        expect(performance.now() - startMs).toBeLessThan(SHORT_MS + 700);
      },
    );

    it("reads a refused connection as unreachable, at once", async () => {
      const nobody = cacheAt(`http://127.0.0.1:${await freePort()}`);
      const startMs = performance.now();
      expect(await call(nobody, LONG_MS)).toMatchObject(failed("unreachable"));
      expect(performance.now() - startMs).toBeLessThan(2_000);
    });

    it("tells neither token nor value in a failure's detail", async () => {
      for (const fault of [json(401, { error: "Unauthorized" }), json(400, { error: "ERR" })]) {
        server.plan(fault);
        const outcome = JSON.stringify(await call(cache, LONG_MS));
        expect(outcome).toContain('"ok":false');
        expect(outcome).not.toMatch(/TOKENTOKEN|VALUEVALUE/);
      }
    });
  });

  it("is not misled by a value that speaks of 401 and Unauthorized", async () => {
    server.plan(json(400, { error: "ERR max request size exceeded" }));
    const outcome = await cache.set("401", "Unauthorized WRONGPASS", { deadlineMs: LONG_MS });
    expect(outcome).toMatchObject(failed("refused"));
  });
});
