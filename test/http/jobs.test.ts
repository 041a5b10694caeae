import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryJobStore } from "../../src/adapters/memory/job-store.ts";
import { fail } from "../../src/core/model/result.ts";
import type { JobDraft, JobStore } from "../../src/core/ports/job-store.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { refusalOf } from "../support/json-answers.ts";
import { must } from "../support/must.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const DEADLINE_MS = 1_000;
const LEASE = { token: "a worker", leaseMs: 30_000 };

const draft = (id: string, more: Partial<JobDraft> = {}): JobDraft => ({
  id,
  key: `key of ${id}`,
  model: "iris",
  version: "1",
  strategy: "chat",
  requestId: `req-${id}`,
  attempts: 2,
  work: '{"secret":"inputs"}',
  ...more,
});

/** A store of which every answer fails. */
const silent = new Proxy({} as JobStore, {
  get: () => async () => fail({ reason: "unreachable", detail: "EVAL: redis.example is away" }),
});

let jobs: JobStore;
let app: HttpApp;

const enqueue = async (made: JobDraft, lease?: typeof LEASE) =>
  must(
    await jobs.enqueue(made, {
      limits: { maxRunning: 10 },
      nowMs: app.clock.now(),
      deadlineMs: DEADLINE_MS,
      ...(lease === undefined ? {} : { lease }),
    }),
  );

async function ask(path: string, init: RequestInit = {}, from = app) {
  const answer = await from.request(path, init);
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as Readonly<Record<string, unknown>>,
  };
}

const act = (path: string, from = app) => ask(path, { method: "POST", headers: ADMIN }, from);

beforeEach(() => {
  jobs = createMemoryJobStore();
  app = createHttpApp({ jobs });
});

describe("the routes of jobs", () => {
  it("list counts, ages, durations and jobs, and never their work", async () => {
    await enqueue(draft("a", { conversationId: "talk" }), LEASE);
    const startedAt = new Date(app.clock.now()).toISOString();
    await app.clock.advance(2_500);
    await enqueue(draft("b"), LEASE);
    const end = { kind: "completed", durationMs: 40 } as const;
    await jobs.finish("b", LEASE.token, end, app.clock.now(), DEADLINE_MS);
    const { status, body } = await ask("/v1/jobs");
    expect(status).toBe(200);
    expect(body).toEqual({
      counts: { queued: 0, running: 1, completed: 1, dead: 0, dropped: 0 },
      oldest_seconds: 2,
      duration_ms: { mean: 40, p95: 40 },
      items: [
        expect.objectContaining({ id: "b", state: "completed", duration_ms: 40 }),
        {
          id: "a",
          model: "iris",
          version: "1",
          strategy: "chat",
          state: "running",
          attempts: 1,
          max_attempts: 2,
          created_at: startedAt,
          due_at: new Date(Date.parse(startedAt) + LEASE.leaseMs).toISOString(),
          request_id: "req-a",
          conversation_id: "talk",
          timeline: [
            { at: startedAt, event: "enqueued" },
            { at: startedAt, event: "started" },
          ],
        },
      ],
    });
    expect(JSON.stringify(body)).not.toMatch(/secret|a worker/);
  });

  it("page, and filter by state and model", async () => {
    for (const id of ["a", "b", "c"]) await enqueue(draft(id));
    await enqueue(draft("d", { model: "wine" }), LEASE);
    const first = await ask("/v1/jobs?limit=2&model=iris");
    expect(first.body).toMatchObject({ items: [{ id: "c" }, { id: "b" }] });
    const next = await ask(`/v1/jobs?limit=2&model=iris&cursor=${first.body.next_cursor}`);
    expect(next.body.items).toMatchObject([{ id: "a" }]);
    expect(next.body).not.toHaveProperty("next_cursor");
    const running = await ask("/v1/jobs?state=running");
    expect(running.body.items).toMatchObject([{ id: "d", model: "wine" }]);
  });

  it.each([
    "state=lost",
    "model=no%20name",
    "limit=0",
    "limit=101",
    "limit=x",
    "cursor=!",
    "cursor=YWJj",
  ])("refuse ?%s", async (query) => {
    expect(refusalOf(await ask(`/v1/jobs?${query}`))).toEqual([400, "invalid_request"]);
  });

  it("show one, with its reason and what happened", async () => {
    await enqueue(draft("a"), LEASE);
    const end = { kind: "dead", reason: "the answer does not fit the schema" } as const;
    await jobs.finish("a", LEASE.token, end, app.clock.now(), DEADLINE_MS);
    const { status, body } = await ask("/v1/jobs/a");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: "a",
      state: "dead",
      reason: end.reason,
      timeline: [
        { event: "enqueued" },
        { event: "started" },
        { event: "dead", detail: end.reason },
      ],
    });
    expect(body).not.toHaveProperty("work");
    expect(refusalOf(await ask("/v1/jobs/nothing"))).toEqual([404, "job_not_found"]);
    expect(refusalOf(await ask(`/v1/jobs/${"x".repeat(300)}`))).toEqual([404, "job_not_found"]);
  });

  it("retry what has ended, and only that", async () => {
    await enqueue(draft("a"));
    const early = await act("/v1/jobs/a/retry");
    expect(refusalOf(early)).toEqual([409, "job_not_ended"]);
    expect(early.body.detail).toMatch(/is queued/);
    await act("/v1/jobs/a/cancel");
    const done = await act("/v1/jobs/a/retry");
    expect(done).toMatchObject({ status: 200, body: { id: "a", state: "queued", attempts: 0 } });
    expect(refusalOf(await act("/v1/jobs/b/retry"))).toEqual([404, "job_not_found"]);
  });

  it("do not retry one while another job makes the same answer", async () => {
    await enqueue(draft("a", { key: "k" }));
    await act("/v1/jobs/a/cancel");
    await enqueue(draft("b", { key: "k" }));
    const refused = await act("/v1/jobs/a/retry");
    expect(refusalOf(refused)).toEqual([409, "job_not_ended"]);
    expect(refused.body.detail).toMatch(/another job/);
  });

  it("cancel what has not ended, and only that", async () => {
    await enqueue(draft("a"), LEASE);
    const done = await act("/v1/jobs/a/cancel");
    expect(done).toMatchObject({ status: 200, body: { state: "dropped", reason: "cancelled" } });
    const late = await act("/v1/jobs/a/cancel");
    expect(refusalOf(late)).toEqual([409, "job_ended"]);
    expect(late.body.detail).toMatch(/is dropped/);
    expect(refusalOf(await act("/v1/jobs/b/cancel"))).toEqual([404, "job_not_found"]);
  });

  it("let nobody act without the admin's token, nor read where reading is not public", async () => {
    await enqueue(draft("a"));
    for (const verb of ["retry", "cancel"]) {
      const refused = await ask(`/v1/jobs/a/${verb}`, { method: "POST" });
      expect(refusalOf(refused)).toEqual([401, "unauthorized"]);
    }
    expect((await ask("/v1/jobs/a")).body).toMatchObject({ state: "queued" });
    const closed = createHttpApp({ jobs, settings: { publicScopes: new Set() } });
    for (const path of ["/v1/jobs", "/v1/jobs/a"]) {
      expect(refusalOf(await ask(path, {}, closed))).toEqual([401, "unauthorized"]);
    }
  });

  it("say what to configure where there is no Redis", async () => {
    const without = createHttpApp();
    for (const path of ["/v1/jobs", "/v1/jobs/a"]) {
      const refused = await ask(path, {}, without);
      expect(refusalOf(refused)).toEqual([503, "redis_required"]);
      expect(refused.body.detail).toMatch(/UPSTASH_REDIS_REST_URL/);
    }
    for (const verb of ["retry", "cancel"]) {
      const refused = await act(`/v1/jobs/a/${verb}`, without);
      expect(refusalOf(refused)).toEqual([503, "redis_required"]);
    }
  });

  it("say when to come again while Redis is silent, and not where it is", async () => {
    const deaf = createHttpApp({ jobs: silent });
    const answers = [
      await ask("/v1/jobs", {}, deaf),
      await ask("/v1/jobs/a", {}, deaf),
      await act("/v1/jobs/a/retry", deaf),
      await act("/v1/jobs/a/cancel", deaf),
    ];
    for (const refused of answers) {
      expect(refusalOf(refused)).toEqual([503, "redis_unavailable"]);
      expect(refused.headers.get("retry-after")).toBe("1");
      expect(JSON.stringify(refused.body)).not.toContain("redis.example");
    }
  });

  it("do nothing that the audit could not take", async () => {
    await enqueue(draft("a"));
    app.store.break("put", "unreachable");
    expect(refusalOf(await act("/v1/jobs/a/cancel"))).toEqual([503, "audit_unavailable"]);
    expect((await ask("/v1/jobs/a")).body).toMatchObject({ state: "queued" });
  });
});

describe("jobs in /health", () => {
  const health = async (from = app) => (await ask("/health", {}, from)).body;

  it("are counted, and a long queue is a warning that leaves it ready", async () => {
    await enqueue(draft("a"), LEASE);
    await enqueue(draft("b"));
    await app.clock.advance(4_000);
    expect(await health()).toMatchObject({
      status: "ok",
      ready: true,
      jobs: { queued: 1, running: 1, dead: 0, oldest_seconds: 4, status: "ok" },
    });
    await enqueue(draft("c"));
    expect(await health()).toMatchObject({
      status: "ok",
      ready: true,
      jobs: { queued: 2, status: "warn" },
    });
    expect(await ask("/health/ready")).toMatchObject({ status: 200, body: { ready: true } });
  });

  it("are left out without Redis and while it is silent", async () => {
    expect(await health(createHttpApp())).not.toHaveProperty("jobs");
    const deaf = await health(createHttpApp({ jobs: silent }));
    expect(deaf).not.toHaveProperty("jobs");
    expect(deaf).toMatchObject({ ready: true });
  });

  it("are not counted for readiness", async () => {
    const asked: string[] = [];
    const watched = new Proxy(jobs, {
      get: (of, name, self) => {
        asked.push(String(name));
        return Reflect.get(of, name, self);
      },
    });
    await ask("/health/ready", {}, createHttpApp({ jobs: watched }));
    expect(asked).toEqual([]);
  });
});
