import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisBackend, startRedisInMemory } from "../../../infra/local/redis-backend.ts";
import { type RedisBridge, startRedisBridge } from "../../../infra/local/redis-bridge.ts";
import { createUpstashJobStore } from "../../../src/adapters/upstash/job-store.ts";
import type { JobStore } from "../../../src/core/ports/job-store.ts";
import { type FaultServer, startFaultServer } from "../../support/fault-server.ts";
import {
  base64,
  type Call,
  configAt,
  describeBadAnswers,
  json,
  LONG_MS,
  result,
  TOKEN,
} from "../redis-answers/suite.ts";
import { COMPLETED, draftOf, leaseOf, NOW_MS, UNLIMITED } from "./subject.ts";

const SHORT_MS = 400;

const CALLS: Readonly<Record<string, Call<JobStore>>> = {
  enqueue: (jobs, deadlineMs) =>
    jobs.enqueue(draftOf("a", { work: "VALUEVALUE" }), {
      limits: UNLIMITED,
      lease: leaseOf("t"),
      nowMs: NOW_MS,
      deadlineMs,
    }),
  claim: (jobs, deadlineMs) => jobs.claim(leaseOf("t"), NOW_MS, deadlineMs),
  heartbeat: (jobs, deadlineMs) => jobs.heartbeat("a", leaseOf("t"), NOW_MS, deadlineMs),
  finish: (jobs, deadlineMs) => jobs.finish("a", "t", COMPLETED, NOW_MS, deadlineMs),
  get: (jobs, deadlineMs) => jobs.get("a", deadlineMs),
  list: (jobs, deadlineMs) => jobs.list({ limit: 10 }, deadlineMs),
  counts: (jobs, deadlineMs) => jobs.counts(NOW_MS, deadlineMs),
  retry: (jobs, deadlineMs) => jobs.retry("a", NOW_MS, deadlineMs),
  cancel: (jobs, deadlineMs) => jobs.cancel("a", NOW_MS, deadlineMs),
  releaseAll: (jobs, deadlineMs) => jobs.releaseAll(NOW_MS, deadlineMs),
};

const jobsAt = (url: string) => createUpstashJobStore(configAt(url));

describe("what the job store makes of a bad answer", () => {
  let server: FaultServer;
  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());

  describeBadAnswers(() => server, createUpstashJobStore, CALLS, [
    ["an error beside status 200", json(200, [{ error: "ERR user_script:1: no" }]), "refused"],
    ["nil", result(null), "refused"],
    ["a number", result(1), "refused"],
    ["a word of no script", result(base64("PONG")), "refused"],
    ["a list of words of no script", result(["x", "y"].map(base64)), "refused"],
    ["a list that is cut short", result(["5", "id"].map(base64)), "refused"],
  ]);
});

describe("a job store whose answers get lost after the work is done", () => {
  let inner: RedisBackend;
  let bridge: RedisBridge;
  let isLost = false;
  beforeAll(async () => {
    inner = startRedisInMemory();
    bridge = await startRedisBridge(
      {
        ...inner,
        async run(words) {
          const result = await inner.run(words);
          return isLost ? new Promise(() => undefined) : result;
        },
      },
      TOKEN,
    );
  });
  afterAll(async () => {
    await bridge.stop();
    await inner.stop();
  });

  /** The first answer never comes; the second is of the same call sent again. */
  async function sentTwice(send: Call<JobStore>): Promise<unknown> {
    const jobs = jobsAt(bridge.url);
    isLost = true;
    expect(await send(jobs, SHORT_MS)).toMatchObject({ ok: false });
    isLost = false;
    return send(jobs, LONG_MS);
  }

  it("makes one job, leases it, prolongs and ends it once, though each is sent twice", async () => {
    const done = { ok: true, value: true };
    const made = { id: "a", created: true, leased: true };
    expect(await sentTwice(CALLS.enqueue as Call<JobStore>)).toEqual({ ok: true, value: made });
    expect(await sentTwice(CALLS.heartbeat as Call<JobStore>)).toEqual(done);
    expect(await sentTwice(CALLS.finish as Call<JobStore>)).toEqual(done);
    expect(await jobsAt(bridge.url).get("a", LONG_MS)).toMatchObject({
      value: {
        state: "completed",
        attempt: 1,
        timeline: [{ event: "enqueued" }, { event: "started" }, { event: "completed" }],
      },
    });
    expect(await jobsAt(bridge.url).counts(NOW_MS, LONG_MS)).toMatchObject({
      value: { counts: { queued: 0, running: 0, completed: 1 } },
    });
  });
});
