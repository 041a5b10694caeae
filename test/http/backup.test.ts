import { beforeEach, describe, expect, it } from "vitest";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { publish } from "../support/publish.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const DEADLINE = { deadlineMs: 1_000 };

const ROUTES = [
  ["POST", "/v1/backup/run"],
  ["GET", "/v1/backup"],
  ["POST", "/v1/backup/verify"],
  ["POST", "/v1/restore"],
] as const;

const bodyOf = async (answer: Response | Promise<Response>) =>
  (await (await answer).json()) as Readonly<Record<string, unknown>>;

describe.each(ROUTES)("%s %s", (method, path) => {
  it("says which settings are missing without a second bucket", async () => {
    const answer = await createHttpApp().request(path, { method, headers: ADMIN });
    expect(answer.status).toBe(409);
    expect(await bodyOf(answer)).toMatchObject({
      code: "backup_not_configured",
      detail: expect.stringMatching(/BACKUP_S3_ENDPOINT.*BACKUP_S3_BUCKET.*_SECRET_ACCESS_KEY/),
    });
  });

  it("is for the admin alone", async () => {
    const app = createHttpApp({ withBackup: true });
    expect((await app.request(path, { method })).status).toBe(401);
  });
});

describe("with a second bucket", () => {
  let app: HttpApp;

  beforeEach(async () => {
    app = createHttpApp({ withBackup: true });
    await publish(app.bucket, "iris", new Uint8Array([1, 2, 3]));
  });

  const run = () => app.post("/v1/backup/run", {}, ADMIN);
  const restore = (body: unknown) => app.post("/v1/restore", body, ADMIN);

  it("a run answers its report, which is read again afterwards", async () => {
    expect(await bodyOf(app.request("/v1/backup", { headers: ADMIN }))).toEqual({ last: null });
    const report = await bodyOf(run());
    // Bytes, manifest, pointer, and the audit entry of this very run.
    expect(report).toMatchObject({ copied: 4, unchanged: 0, failures: 0, failed: [], done: true });
    expect(await bodyOf(app.request("/v1/backup", { headers: ADMIN }))).toEqual({ last: report });
  });

  it("the status says that the first bucket does not answer", async () => {
    app.store.break("backup/status.json", "unreachable");
    const answer = await app.request("/v1/backup", { headers: ADMIN });
    expect([answer.status, (await bodyOf(answer)).code]).toEqual([503, "store_unavailable"]);
  });

  it("a verification proves every version", async () => {
    await run();
    expect(await bodyOf(app.post("/v1/backup/verify", {}, ADMIN))).toEqual({
      verified: 1,
      bytes: 3,
      failed: [],
      missing: [],
      done: true,
    });
  });

  it("a restore brings a lost model back, and this isolate serves it at once", async () => {
    await run();
    for (const key of ["versions/1/model.onnx", "versions/1/manifest.json", "deployment.json"]) {
      await app.bucket.delete(`models/iris/${key}`, DEADLINE);
    }
    const before = await app.request("/v1/models/iris");
    expect(before.status).toBe(404);
    expect(await bodyOf(restore({ model: "iris" }))).toMatchObject({
      restored: 3,
      pointers: { iris: "restored" },
      done: true,
    });
    expect((await app.request("/v1/models/iris")).status).toBe(200);
    expect((await app.request("/v2/models/iris/ready")).status).toBe(200);
  });

  it.each([
    [{ model: "tulip" }, "404 model_not_found"],
    [{ model: "iris", version: "7" }, "404 version_not_found"],
    [{ version: "1" }, "400 invalid_request"],
    [{ model: "no/name" }, "400 invalid_request"],
    [{ model: "iris", version: "one" }, "400 invalid_request"],
    [{ modle: "iris" }, "400 invalid_request"],
  ])("a restore of %j is refused", async (body, expected) => {
    await run();
    const answer = await restore(body);
    expect(`${answer.status} ${(await bodyOf(answer)).code}`).toBe(expected);
  });
});
