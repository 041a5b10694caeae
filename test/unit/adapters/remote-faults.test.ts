import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RemoteQuestion } from "../../../src/core/ports/remote-models.ts";
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
import { createInstantClock, type InstantClock } from "../../support/registry-core.ts";
import { createTestRemote, oipAnswer, oipStrategy, question } from "../../support/remote.ts";

const GOOD = answer(200, oipAnswer());

describe("a remote on a bad day", () => {
  let server: FaultServer;
  let clock: InstantClock;
  let asking: ReturnType<typeof createTestRemote>;

  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    clock = createInstantClock();
    asking = createTestRemote({ hosts: new URL(server.url).host, clock, random: () => 0.5 });
  });

  const ask = (more: Partial<RemoteQuestion> = {}, url = server.url) =>
    asking.remote.ask(asking.context, question(oipStrategy(url), more));

  const failing = async (
    faults: readonly [Fault, ...Fault[]],
    more: Partial<RemoteQuestion> = {},
  ) => {
    server.plan(...faults);
    const asked = await ask(more);
    return asked.ok ? undefined : asked.failure;
  };

  it.each([
    ["429", answer(429)],
    ["502", answer(502)],
    ["503", answer(503)],
    ["504", answer(504)],
    ["a reset", reset],
    ["an answer that is cut short", cutShort(10_000, '{"outputs"')],
  ])("is tried twice more after %s, with growing pauses", async (_what, fault) => {
    server.plan(fault, fault, GOOD);
    expect((await ask()).ok).toBe(true);
    expect(server.seen).toHaveLength(3);
    expect(clock.waits).toEqual([50, 100]);
  });

  it.each([
    ["429", answer(429), "remote_refused"],
    ["503", answer(503), "remote_refused"],
    ["a reset", reset, "remote_unreachable"],
    ["an answer that is cut short", cutShort(10_000, "{"), "remote_unreachable"],
  ])("is given up for now after three times %s", async (_what, fault, reason) => {
    expect(await failing([fault])).toMatchObject({ reason, mayRetry: true });
    expect(server.seen).toHaveLength(3);
  });

  it.each([
    [500, true],
    [501, true],
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [413, false],
    [422, false],
  ])("with status %i is not asked again at once (later: %s)", async (status, mayRetry) => {
    expect(await failing([answer(status, "its own words")])).toEqual({
      reason: "remote_refused",
      detail: `it answered ${status}`,
      mayRetry,
    });
    expect(server.seen).toHaveLength(1);
  });

  it("is waited for as long as it asks", async () => {
    server.plan(answer(503, "", { "retry-after": "2" }), GOOD);
    expect((await ask()).ok).toBe(true);
    expect(clock.waits).toEqual([2_000]);
  });

  it("is waited for until the date that it asks", async () => {
    const date = new Date(clock.now() + 3_000).toUTCString();
    server.plan(answer(429, "", { "retry-after": date }), GOOD);
    expect((await ask()).ok).toBe(true);
    expect(clock.waits).toEqual([3_000]);
  });

  it("is not waited for past the deadline", async () => {
    const failure = await failing([answer(429, "", { "retry-after": "60" }), GOOD]);
    expect(failure).toMatchObject({ reason: "remote_refused", mayRetry: true });
    expect(server.seen).toHaveLength(1);
    expect(clock.waits).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])(
    "is not followed by a redirect of status %i",
    async (status) => {
      const failure = await failing([
        answer(status, "", { location: `${server.url}/elsewhere` }),
        GOOD,
      ]);
      expect(failure).toMatchObject({ reason: "remote_refused", mayRetry: false });
      expect(server.seen).toHaveLength(1);
    },
  );

  it.each([
    ["that never answers", blackHole],
    ["that stops in the middle", stalled(10_000, '{"outputs":[')],
  ])("%s is left at the deadline", async (_what, fault) => {
    const failure = await failing([fault], { deadlineMs: 80 });
    expect(failure).toMatchObject({ reason: "remote_timeout", mayRetry: true });
    expect(server.seen).toHaveLength(1);
  });

  it("that says more than 1 MiB is cut off", async () => {
    const failure = await failing([answer(200, "x".repeat(1024 * 1024 + 1))]);
    expect(failure).toMatchObject({ reason: "remote_too_large", mayRetry: false });
  });

  it("that says up to 1 MiB is read to the end", async () => {
    const body = oipAnswer();
    server.plan(answer(200, body + " ".repeat(1024 * 1024 - body.length)));
    expect((await ask()).ok).toBe(true);
  });

  it("that says 50 MB in 50 kB is cut off as well", async () => {
    const packed = gzipSync(Buffer.alloc(50_000_000, " "));
    const failure = await failing([
      (response) => {
        response.writeHead(200, { "content-encoding": "gzip" });
        response.end(packed);
      },
    ]);
    expect(packed.byteLength).toBeLessThan(100_000);
    expect(failure).toMatchObject({ reason: "remote_too_large" });
  });

  it("that says what is not UTF-8 is not believed", async () => {
    const failure = await failing([
      (response) => {
        response.end(Buffer.from([0x22, 0xff, 0x22]));
      },
    ]);
    expect(failure).toMatchObject({ reason: "remote_invalid_answer" });
  });

  it("at which nobody listens is unreachable", async () => {
    const gone = await startFaultServer();
    await gone.stop();
    asking = createTestRemote({ hosts: new URL(gone.url).host, clock });
    expect(await ask({}, gone.url)).toMatchObject({
      failure: { reason: "remote_unreachable", mayRetry: true },
    });
    expect(clock.waits).toHaveLength(2);
  });

  it("is left alone after three failed questions, and asked by one after the pause", async () => {
    server.plan(answer(500));
    for (let round = 0; round < 3; round += 1) await ask();
    expect(await ask()).toMatchObject({ failure: { reason: "remote_paused", mayRetry: true } });
    expect(server.seen).toHaveLength(3);
    server.plan(GOOD);
    clock.set(clock.now() + 5_000);
    expect((await ask()).ok).toBe(true);
    expect((await ask()).ok).toBe(true);
  });

  it("is not left alone for refusing what it was asked", async () => {
    server.plan(answer(404));
    for (let round = 0; round < 5; round += 1) await ask();
    expect(server.seen).toHaveLength(5);
  });

  it("does not keep anybody from another host", async () => {
    const other = await startFaultServer();
    other.plan(GOOD);
    const hosts = `${new URL(server.url).host},${new URL(other.url).host}`;
    asking = createTestRemote({ hosts, clock });
    server.plan(answer(500));
    for (let round = 0; round < 4; round += 1) await ask();
    expect((await ask({}, other.url)).ok).toBe(true);
    await other.stop();
  });

  it("never makes the asking throw, whatever breaks in it", async () => {
    const random = () => {
      throw new Error("no chance today");
    };
    asking = createTestRemote({ hosts: new URL(server.url).host, clock, random });
    server.plan(answer(503));
    expect(await ask()).toMatchObject({ ok: false, failure: { mayRetry: false } });
  });

  it("is not asked at all where its host is not allowed or its secret not there", async () => {
    server.plan(GOOD);
    asking = createTestRemote({ hosts: "elsewhere.example.com", clock });
    expect(await ask()).toMatchObject({
      failure: { reason: "remote_not_allowed", mayRetry: false },
    });
    asking = createTestRemote({ hosts: new URL(server.url).host, clock });
    const strategy = oipStrategy(server.url, { secret: "FRESHET_SECRET_GPU" });
    expect(await asking.remote.ask(asking.context, question(strategy))).toMatchObject({
      failure: { reason: "remote_secret_missing", mayRetry: false },
    });
    expect(asking.remote.check(strategy)).toMatchObject({
      failure: { reason: "remote_secret_missing" },
    });
    expect(server.seen).toHaveLength(0);
  });
});
