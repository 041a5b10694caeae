import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createS3Client, ignoreBody } from "../../../src/adapters/s3/client.ts";
import type { Clock } from "../../../src/core/ports/clock.ts";
import { answer, type FaultServer, s3Error, startFaultServer } from "../../support/fault-server.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const slowDown = s3Error(503, "SlowDown");

/** A manual clock that moves on by itself as soon as someone waits, and writes the waits down. */
function createSelfAdvancingClock(): Clock & { readonly waitsMs: readonly number[] } {
  const manual = createManualClock();
  const waitsMs: number[] = [];
  return {
    now: manual.now,
    after(ms) {
      waitsMs.push(ms);
      const timer = manual.after(ms);
      void manual.advance(ms);
      return timer;
    },
    waitsMs,
  };
}

describe("the waits between attempts at the store", () => {
  let server: FaultServer;

  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());

  async function callWith(random: () => number, deadlineMs: number) {
    const clock = createSelfAdvancingClock();
    const where = { endpoint: server.url, bucket: "b", region: "auto", prefix: "" };
    const keys = { accessKeyId: "id", secretAccessKey: "secret" };
    const client = createS3Client({ ...where, ...keys }, { clock, random });
    const outcome = await client.send({ method: "GET", key: "k", deadlineMs }, ignoreBody);
    return { outcome, waitsMs: clock.waitsMs, attempts: server.seen.length };
  }

  it("grow by doubling, up to four attempts", async () => {
    server.plan(slowDown);
    const { waitsMs, attempts } = await callWith(() => 0.999, 60_000);
    expect(waitsMs.map(Math.round)).toEqual([50, 100, 200]);
    expect(attempts).toBe(4);
  });

  it("are anywhere between nothing and the full delay (full jitter)", async () => {
    server.plan(slowDown);
    const draws = [0, 0.5, 0.25];
    const { waitsMs } = await callWith(() => draws.shift() ?? 0, 60_000);
    expect(waitsMs).toEqual([0, 50, 50]);
  });

  it("stop where the next would end past the deadline, with the last answer's reason", async () => {
    server.plan(slowDown);
    const { outcome, waitsMs, attempts } = await callWith(() => 0.999, 120);
    expect(waitsMs.map(Math.round)).toEqual([50]);
    expect(attempts).toBe(2);
    expect(outcome).toMatchObject({ ok: false, failure: { reason: "throttled" } });
  });

  it("do not come before a failure that no retry can mend", async () => {
    server.plan(s3Error(403, "AccessDenied"));
    const { waitsMs, attempts } = await callWith(() => 0.999, 60_000);
    expect([waitsMs, attempts]).toEqual([[], 1]);
  });

  it("may be of fractions of a millisecond, and so may the deadline", async () => {
    server.plan(slowDown, answer(200));
    const { outcome, attempts } = await callWith(() => 0.123, 60_000.5);
    expect([outcome.ok, attempts]).toEqual([true, 2]);
  });

  it("end with the first good answer", async () => {
    server.plan(slowDown, answer(200));
    const { outcome, attempts } = await callWith(() => 0.5, 60_000);
    expect([outcome.ok, attempts]).toEqual([true, 2]);
  });
});
