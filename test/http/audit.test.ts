import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryJobStore } from "../../src/adapters/memory/job-store.ts";
import { listKeys } from "../../src/core/lifecycle/list-keys.ts";
import type { JobStore } from "../../src/core/ports/job-store.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { must } from "../support/must.ts";
import { registryModel } from "../support/registry-models.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };

interface Act {
  readonly route: string;
  readonly send: (app: HttpApp) => Promise<Response>;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly isOfNoModel?: boolean;
}

const sendJson =
  (method: string, path: string, body?: unknown, headers = {}) =>
  (app: HttpApp) =>
    app.request(path, {
      method,
      headers: { ...ADMIN, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

const publish = (label: string) => (app: HttpApp) =>
  app.request("/v1/models/iris/versions?alias=staging", {
    method: "POST",
    headers: ADMIN,
    body: registryModel(label),
  });

const IRIS = "/v1/models/iris";

/** Every route that changes the registry, and what the audit has of it. */
const ACTS: readonly Act[] = [
  {
    route: "POST /v1/models/:model/versions",
    send: publish("c"),
    entry: {
      action: "publish",
      target: expect.stringMatching(/^[0-9a-f]{64}$/),
      params: { size_bytes: expect.any(Number), alias: "staging", force: false },
    },
  },
  {
    route: "PUT /v1/models/:model/aliases/:alias",
    send: sendJson("PUT", `${IRIS}/aliases/canary`, { version: "2", reason: "try it" }),
    entry: {
      action: "set_alias",
      target: "canary",
      params: { weights: { "2": 100 }, force: false },
      reason: "try it",
    },
  },
  {
    route: "DELETE /v1/models/:model/aliases/:alias",
    send: sendJson("DELETE", `${IRIS}/aliases/staging?reason=done`),
    entry: { action: "remove_alias", target: "staging", params: {}, reason: "done" },
  },
  {
    route: "POST /v1/models/:model/promote",
    send: sendJson("POST", `${IRIS}/promote`, { reason: "better" }),
    entry: {
      action: "promote",
      target: "production",
      params: { from: "staging", to: "production", force: false },
      reason: "better",
    },
  },
  {
    route: "POST /v1/models/:model/rollback",
    send: sendJson("POST", `${IRIS}/rollback`, { to: "2" }),
    entry: {
      action: "rollback",
      target: "production",
      params: { alias: "production", to: "2" },
    },
  },
  {
    route: "PUT /v1/models/:model/deployment",
    send: async (app) => {
      const etag = (await app.request(`${IRIS}/deployment`)).headers.get("etag") ?? "";
      const body = { aliases: { production: { weights: { "2": 100 } } }, reason: "by hand" };
      return sendJson("PUT", `${IRIS}/deployment`, body, { "if-match": etag })(app);
    },
    entry: {
      action: "replace_deployment",
      params: {
        aliases: { production: { weights: { "2": 100 } } },
        force: false,
        if_match: expect.stringMatching(/^"/),
      },
      reason: "by hand",
    },
  },
  {
    route: "PATCH /v1/models/:model/versions/:version",
    send: sendJson("PATCH", `${IRIS}/versions/1`, { tags: { team: "fraud" } }),
    entry: { action: "annotate", target: "1", params: { tags: { team: "fraud" } } },
  },
  {
    route: "DELETE /v1/models/:model/versions/:version",
    send: async (app) => {
      await sendJson("DELETE", `${IRIS}/aliases/staging`)(app);
      return sendJson("DELETE", `${IRIS}/versions/2?reason=old`)(app);
    },
    entry: { action: "delete", target: "2", params: {}, reason: "old" },
  },
  {
    route: "POST /v1/models/:model/prune",
    send: sendJson("POST", `${IRIS}/prune`, { keep_last: 1, dry_run: false }),
    entry: { action: "prune", params: { keep_last: 1 } },
  },
  {
    route: "POST /v1/models/:model/uploads",
    send: sendJson("POST", `${IRIS}/uploads`, { size_bytes: 1_000 }),
    entry: { action: "begin_upload", params: { size_bytes: 1_000 } },
  },
  {
    route: "POST /v1/models/:model/uploads/:upload/complete",
    send: sendJson("POST", `${IRIS}/uploads/eA/complete`, { parts: [{ number: 1, etag: "x" }] }),
    entry: { action: "publish", target: "eA", params: { force: false } },
  },
  {
    route: "DELETE /v1/models/:model/uploads/:upload",
    send: sendJson("DELETE", `${IRIS}/uploads/eA`),
    entry: { action: "abort_upload", target: "eA", params: {} },
  },
  {
    route: "PUT /v1/bundles/:bundle",
    send: sendJson("PUT", "/v1/bundles/flowers", { references: ["iris@2"] }),
    entry: {
      action: "put_bundle",
      target: "flowers",
      params: { references: ["iris@2"], if: "any" },
    },
    isOfNoModel: true,
  },
  {
    route: "DELETE /v1/bundles/:bundle",
    send: sendJson("DELETE", "/v1/bundles/flowers?reason=old"),
    entry: { action: "delete_bundle", target: "flowers", params: {}, reason: "old" },
    isOfNoModel: true,
  },
  {
    route: "POST /v1/backup/run",
    send: sendJson("POST", "/v1/backup/run"),
    entry: { action: "run_backup", params: {} },
    isOfNoModel: true,
  },
  {
    route: "POST /v1/restore",
    send: sendJson("POST", "/v1/restore", { model: "iris", version: "1" }),
    entry: {
      action: "restore",
      target: "1",
      params: { overwrite_pointer: false },
      reason: "restored from the backup",
    },
  },
  {
    route: "POST /v1/cache/clear",
    send: sendJson("POST", "/v1/cache/clear", { what: "predictions", model: "iris" }),
    entry: { action: "clear_cache", params: { what: "predictions" } },
  },
  {
    route: "POST /v1/cache/refresh/:name",
    send: sendJson("POST", "/v1/cache/refresh/iris"),
    entry: { action: "refresh_cache", params: {} },
  },
  {
    route: "POST /v1/jobs/:id/retry",
    send: sendJson("POST", "/v1/jobs/dropped/retry"),
    entry: { action: "retry_job", target: "dropped", params: {} },
  },
  {
    route: "POST /v1/jobs/:id/cancel",
    send: sendJson("POST", "/v1/jobs/queued/cancel"),
    entry: { action: "cancel_job", target: "queued", params: {} },
  },
];

/** Reads only, or is no act of an admin. */
const UNAUDITED = [
  "POST /v1/backup/verify",
  "POST /v1/bundles/:bundle/load",
  "POST /v1/bundles/:bundle/predict",
  "POST /v1/models/:model/predict",
  "POST /v1/store/probe",
  // What is told of the world: no admin's act.
  "POST /v1/conversations/:id/events",
  "DELETE /v1/entities/:type/:id",
  "POST /v1/entities/:type",
  "PUT /v1/entities/:type/:id",
  "POST /v1/outcomes",
  "PUT /v1/predictions/:id/outcome",
];

async function createTwoJobs(): Promise<JobStore> {
  const jobs = createMemoryJobStore();
  for (const id of ["dropped", "queued"]) {
    const draft = { id, key: id, model: "iris", version: "1", strategy: "chat", requestId: "r" };
    const options = { limits: { maxRunning: 1 }, nowMs: 0, deadlineMs: 1_000 };
    await jobs.enqueue({ ...draft, attempts: 1, work: "{}" }, options);
  }
  await jobs.cancel("dropped", 0, 1_000);
  return jobs;
}

async function appWithTwoVersions(): Promise<HttpApp> {
  const app = createHttpApp({ withBackup: true, jobs: await createTwoJobs() });
  for (const label of ["a", "b"]) expect((await publish(label)(app)).status).toBe(201);
  return app;
}

async function auditOf(app: HttpApp, query = "") {
  const answer = await app.request(`/v1/audit${query}`, { headers: ADMIN });
  expect(answer.status).toBe(200);
  return (await answer.json()) as {
    readonly items: readonly Readonly<Record<string, unknown>>[];
    readonly next_cursor?: string;
  };
}

/** Every object outside the audit and its validator. */
async function stateOf(app: HttpApp): Promise<readonly string[]> {
  const listed = must(await listKeys(app.bucket, ""));
  return listed
    .filter(({ key }) => !key.startsWith("audit/"))
    .map(({ key, etag }) => `${key} ${etag}`);
}

describe("the audit of admin actions", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await appWithTwoVersions();
  });

  it("knows every route of the registry that changes something", () => {
    const writing = app.routes
      .filter(
        ({ method, path }) => /^(POST|PUT|PATCH|DELETE)$/.test(method) && /^\/v1\//.test(path),
      )
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !UNAUDITED.includes(route));
    expect(ACTS.map(({ route }) => route).toSorted()).toEqual(writing.toSorted());
  });

  it.each(ACTS)("has an entry of $route", async ({ send, entry, isOfNoModel = false }) => {
    await send(app);
    const [newest] = (await auditOf(app)).items;
    expect(newest).toEqual({
      key: expect.stringMatching(/^audit\/2023\/11\/14\/[0-9A-Z]{26}\.json$/),
      id: expect.any(String),
      at: expect.any(String),
      actor: "admin",
      ...(isOfNoModel ? {} : { model: "iris" }),
      request_id: expect.stringMatching(/^id-/),
      prev: { key: expect.any(String), sha256: expect.any(String) },
      ...entry,
    });
  });

  it.each(ACTS)("refuses $route, nothing done, when it cannot be written", async ({ send }) => {
    const before = await stateOf(app);
    app.store.break("put audit/head.json", "unreachable");
    const answer = await send(app);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await answer.json()).toMatchObject({
      code: "audit_unavailable",
      detail: "the audit cannot be written, so nothing was done; try again",
    });
    expect(await stateOf(app)).toEqual(before);
    expect(app.events).toContainEqual(
      expect.objectContaining({
        kind: "request_failed",
        reason: "audit_unavailable",
        detail: "audit/head.json: unreachable",
      }),
    );
  });

  it("has what was refused in the end, too: it was attempted", async () => {
    const answer = await sendJson("POST", `${IRIS}/promote`, { from: "nobody" })(app);
    expect(answer.status).toBe(404);
    expect((await auditOf(app)).items[0]).toMatchObject({ params: { from: "nobody" } });
  });

  it("has nothing of what was not understood, not allowed, or only asked", async () => {
    const { items } = await auditOf(app);
    await app.request(`${IRIS}/promote`, { method: "POST" });
    await sendJson("POST", `${IRIS}/promote`, { from: 7 })(app);
    await sendJson("POST", `${IRIS}/prune`, { keep_last: 1 })(app);
    await sendJson("DELETE", `${IRIS}/aliases/production`)(app);
    await app.request(`${IRIS}/history`, { headers: ADMIN });
    expect((await auditOf(app)).items).toEqual(items);
  });

  it("names whom a deploying system acts for, and the request", async () => {
    const headers = { "x-freshet-actor": "ci: main#42", "x-request-id": "req-7" };
    await sendJson("POST", `${IRIS}/promote`, {}, headers)(app);
    expect((await auditOf(app)).items[0]).toMatchObject({
      actor: "admin (ci: main#42)",
      request_id: "req-7",
    });
  });

  it("holds no token and no byte of a model", async () => {
    const listed = must(await listKeys(app.bucket, "audit/"));
    expect(listed).toHaveLength(3);
    for (const { key, sizeBytes } of listed) {
      const got = must(await app.bucket.get(key, { deadlineMs: 1_000, maxBytes: 100_000 }));
      expect(new TextDecoder().decode(got.bytes)).not.toContain(ADMIN_TOKEN);
      expect(sizeBytes).toBeLessThan(2_000);
    }
  });
});

describe("GET /v1/audit", () => {
  it("gives pages newest first, and those of one model", async () => {
    const app = await appWithTwoVersions();
    await sendJson("POST", "/v1/models/wine/rollback", {})(app);
    const first = await auditOf(app, "?limit=2");
    expect(first.items.map(({ model, action }) => `${model} ${action}`)).toEqual([
      "wine rollback",
      "iris publish",
    ]);
    const second = await auditOf(app, `?limit=2&cursor=${first.next_cursor}`);
    expect(second.items).toHaveLength(1);
    expect(second.next_cursor).toBeUndefined();
    expect((await auditOf(app, "?model=wine")).items).toHaveLength(1);
  });

  it.each(["limit=0", "limit=201", "cursor=%25", "model=-bad"])("refuses ?%s", async (query) => {
    const answer = await createHttpApp().request(`/v1/audit?${query}`, { headers: ADMIN });
    expect(answer.status).toBe(400);
  });

  it.each(["/v1/audit", "/v1/audit/verify"])("%s is for admins", async (path) => {
    expect((await createHttpApp().request(path)).status).toBe(401);
  });

  it.each(["/v1/audit", "/v1/audit/verify"])(
    "%s says that the store does not answer, and no key",
    async (path) => {
      const app = await appWithTwoVersions();
      app.store.break("list audit/", "unreachable");
      const answer = await app.request(path, { headers: ADMIN });
      expect(answer.status).toBe(503);
      const body = await answer.text();
      expect(JSON.parse(body)).toMatchObject({ code: "audit_unavailable" });
      expect(body).not.toContain("audit/2023");
    },
  );

  it("shows the place of what is no entry any more", async () => {
    const app = await appWithTwoVersions();
    const { items } = await auditOf(app);
    const key = String(items[1]?.key);
    await app.bucket.put(key, new Uint8Array([1]), { deadlineMs: 1_000 });
    expect((await auditOf(app)).items[1]).toEqual({ key });
  });
});

describe("GET /v1/audit/verify", () => {
  it("finds one whole chain after a lost bucket was restored from the backup", async () => {
    const app = await appWithTwoVersions();
    await sendJson("POST", "/v1/backup/run")(app);
    await app.post("/v1/models/iris/promote", {}, ADMIN);
    await sendJson("POST", "/v1/backup/run")(app);
    const { items: before } = await auditOf(app);
    const listed = must(await listKeys(app.bucket, ""));
    for (const { key } of listed) await app.bucket.delete(key, { deadlineMs: 1_000 });

    const restored = await sendJson("POST", "/v1/restore", {})(app);
    expect(await restored.json()).toMatchObject({ done: true, failures: 0 });
    const report = await app.request("/v1/audit/verify", { headers: ADMIN });
    expect(await report.json()).toMatchObject({ ok: true, entries: before.length + 1 });
    const { items } = await auditOf(app);
    expect(items[0]).toMatchObject({ action: "restore", prev: { key: before[0]?.key } });
  });

  it("finds a whole chain whole, and a removed entry missing", async () => {
    const app = await appWithTwoVersions();
    await publish("c")(app);
    const verify = async () =>
      (await app.request("/v1/audit/verify", { headers: ADMIN })).json() as Promise<unknown>;
    const { items } = await auditOf(app);
    const head = { key: items[0]?.key, sha256: expect.any(String) };
    expect(await verify()).toEqual({ ok: true, entries: 3, head, problems: [] });
    const key = String(items[1]?.key);
    await app.bucket.delete(key, { deadlineMs: 1_000 });
    expect(await verify()).toEqual({
      ok: false,
      entries: 2,
      head,
      problems: [
        { key, problem: "missing" },
        { key: items[2]?.key, problem: "chain_broken" },
      ],
    });
  });
});
