import { describe, expect, it } from "vitest";
import { modelBytesKey } from "../../src/core/model/keys.ts";
import type { Bytes } from "../../src/core/model/tensor.ts";
import { createFakeEngine } from "../support/fake-engine.ts";
import { readFixture, readFixtureFile } from "../support/fixtures.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { must } from "../support/must.ts";

const DEADLINE = { deadlineMs: 1_000 };
const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const iris = readFixture("iris-logreg", "1");
const MIB = 1024 * 1024;

interface Begun {
  readonly upload_id: string;
  readonly key: string;
  readonly part_bytes: number;
  readonly parts: readonly { readonly number: number; readonly url: string }[];
  readonly expires_at: string;
}

type Part = { readonly number: number; readonly etag: string };

const createApp = () => createHttpApp({ engine: createFakeEngine(80 * MIB) });

const begin = async (app: HttpApp, body: unknown, model = "iris") =>
  app.post(`/v1/models/${model}/uploads`, body, ADMIN);

/** An upload of these bytes whose parts are in the bucket. */
async function sent(app: HttpApp, bytes: Bytes): Promise<Begun & { readonly done: Part[] }> {
  const answer = await begin(app, { size_bytes: bytes.byteLength });
  expect(answer.status).toBe(201);
  const begun = (await answer.json()) as Begun;
  const done: Part[] = [];
  for (const { number, url } of begun.parts) {
    const start = (number - 1) * begun.part_bytes;
    const part = await app.uploads.sendPart(url, bytes.slice(start, start + begun.part_bytes));
    if (!("etag" in part)) throw new Error(`part ${number}: ${part.status}`);
    done.push({ number, etag: part.etag });
  }
  return { ...begun, done };
}

const complete = (app: HttpApp, uploadId: string, body: unknown, model = "iris") =>
  app.post(`/v1/models/${model}/uploads/${uploadId}/complete`, body, ADMIN);

const abort = (app: HttpApp, uploadId: string, model = "iris") =>
  app.request(`/v1/models/${model}/uploads/${uploadId}`, { method: "DELETE", headers: ADMIN });

const codeOf = async (answer: Response): Promise<string> => {
  const { code } = (await answer.json()) as { readonly code: string };
  return `${answer.status} ${code}`;
};

const uploadsLeft = async (app: HttpApp): Promise<readonly string[]> => {
  const page = must(await app.bucket.list("models/", DEADLINE));
  return page.objects.map(({ key }) => key).filter((key) => key.includes("/uploads/"));
};

describe("an upload straight into the bucket", () => {
  it("gives one signed URL for each part, and until when they are good", async () => {
    const app = createApp();
    const answer = await begin(app, { size_bytes: 12 * MIB + 1, part_bytes: 5 * MIB });
    const begun = (await answer.json()) as Begun;
    expect(begun.parts.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(begun.key).toMatch(/^models\/iris\/uploads\/[^/]+\/model\.onnx$/);
    expect(Date.parse(begun.expires_at)).toBe(app.clock.now() + 3_600_000);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it("becomes a version exactly as a direct upload does, and leaves nothing else", async () => {
    const [app, direct] = [createApp(), createApp()];
    const { upload_id, done } = await sent(app, iris.bytes);
    const manifest = { task: "classification", tags: { team: "botany" } };
    const answer = await complete(app, upload_id, { parts: done, manifest, alias: "staging" });
    const form = new FormData();
    form.set("model", new Blob([iris.bytes]));
    form.set("manifest", JSON.stringify(manifest));
    const path = "/v1/models/iris/versions?alias=staging";
    const published = await direct.request(path, { method: "POST", body: form, headers: ADMIN });
    expect([answer.status, answer.headers.get("location")]).toEqual([
      201,
      "/v1/models/iris/versions/1",
    ]);
    expect(await answer.json()).toEqual(await published.json());
    const shown = await app.request("/v1/models/iris/versions/1");
    expect(await shown.json()).toMatchObject({ task: "classification", tags: { team: "botany" } });
    expect(await uploadsLeft(app)).toEqual([]);
  });

  it("answers the version that its bytes are already", async () => {
    const app = createApp();
    const [first, second] = [await sent(app, iris.bytes), await sent(app, iris.bytes)];
    expect((await complete(app, first.upload_id, { parts: first.done })).status).toBe(201);
    const again = await complete(app, second.upload_id, { parts: second.done });
    expect([again.status, await again.json()]).toMatchObject([200, { version: "1" }]);
    expect(await uploadsLeft(app)).toEqual([]);
  });

  it("goes on where a call died that had completed it but not published it", async () => {
    const app = createApp();
    const { upload_id, done } = await sent(app, iris.bytes);
    app.store.break("put iris/versions", "unreachable");
    const died = await complete(app, upload_id, { parts: done });
    expect(await codeOf(died)).toBe("503 store_unavailable");
    expect(await uploadsLeft(app)).toHaveLength(1);
    app.store.mend();
    expect((await complete(app, upload_id, { parts: done })).status).toBe(201);
    expect(await uploadsLeft(app)).toEqual([]);
  });

  it("refuses a file that cannot be served with its own reason, and leaves nothing in the bucket", async () => {
    const app = createApp();
    const { upload_id, done } = await sent(app, readFixtureFile("invalid", "truncated.onnx"));
    const answer = await complete(app, upload_id, { parts: done });
    expect(await codeOf(answer)).toBe("422 invalid_model");
    const page = await app.bucket.list("models/", DEADLINE);
    expect(page).toMatchObject({ ok: true, value: { objects: [] } });
  });

  it("is refused before it begins when no isolate could load the file", async () => {
    const app = createApp();
    const answer = await begin(app, { size_bytes: 40 * MIB });
    expect(await codeOf(answer)).toBe("422 model_too_large");
  });

  it("is held to the same size when its object came out larger than was announced", async () => {
    const app = createHttpApp({ engine: createFakeEngine(1_000) });
    const begun = (await (await begin(app, { size_bytes: 300 })).json()) as Begun;
    const part = await app.uploads.sendPart(begun.parts[0]?.url ?? "", new Uint8Array(400));
    const parts = [{ number: 1, etag: "etag" in part ? part.etag : "" }];
    const answer = await complete(app, begun.upload_id, { parts });
    expect(await codeOf(answer)).toBe("422 model_too_large");
    expect(await uploadsLeft(app)).toEqual([]);
  });

  it("is refused when it is not the bytes that were announced", async () => {
    const app = createApp();
    const begun = (await (await begin(app, { size_bytes: 300 })).json()) as Begun;
    const part = await app.uploads.sendPart(begun.parts[0]?.url ?? "", new Uint8Array(200));
    const parts = [{ number: 1, etag: "etag" in part ? part.etag : "" }];
    const answer = await complete(app, begun.upload_id, { parts });
    expect(await codeOf(answer)).toBe("400 invalid_parts");
  });

  it.each([
    ["a part too few", []],
    ["an etag that is not the part's", [{ number: 1, etag: '"other"' }]],
    [
      "a part twice",
      [
        { number: 1, etag: '"a"' },
        { number: 1, etag: '"a"' },
      ],
    ],
    ["a part that it does not have", [{ number: 2, etag: '"a"' }]],
  ])("refuses %s, and takes the right list afterwards", async (_, parts) => {
    const app = createApp();
    const { upload_id, done } = await sent(app, iris.bytes);
    expect(await codeOf(await complete(app, upload_id, { parts }))).toBe("400 invalid_parts");
    expect((await complete(app, upload_id, { parts: done })).status).toBe(201);
  });

  it.each([
    [{}],
    [{ size_bytes: 0 }],
    [{ size_bytes: 1.5 }],
    [{ size_bytes: 10, part_bytes: 1_000 }],
    [{ size_bytes: 10, surprise: true }],
  ])("does not begin with %j", async (body) => {
    expect(await codeOf(await begin(createApp(), body))).toBe("400 invalid_request");
  });

  it("is not spent by a manifest that is wrong", async () => {
    const app = createApp();
    const { upload_id, done } = await sent(app, iris.bytes);
    const wrong = await complete(app, upload_id, { parts: done, manifest: { taks: "other" } });
    expect(await codeOf(wrong)).toBe("400 invalid_request");
    expect((await complete(app, upload_id, { parts: done })).status).toBe(201);
  });

  it("can be aborted: then it takes no part and is not there", async () => {
    const app = createApp();
    const { upload_id, done, parts } = await sent(app, iris.bytes);
    expect((await abort(app, upload_id)).status).toBe(204);
    expect(await app.uploads.sendPart(parts[0]?.url ?? "", iris.bytes)).toEqual({ status: 404 });
    expect(await codeOf(await complete(app, upload_id, { parts: done }))).toBe(
      "404 upload_not_found",
    );
    expect(await codeOf(await abort(app, upload_id))).toBe("404 upload_not_found");
  });

  it("lets go of its object, too, when it was completed and not published", async () => {
    const app = createApp();
    const { upload_id, done } = await sent(app, iris.bytes);
    app.store.break("put iris/versions", "unreachable");
    await complete(app, upload_id, { parts: done });
    app.store.mend();
    expect((await abort(app, upload_id)).status).toBe(204);
    expect(await uploadsLeft(app)).toEqual([]);
  });
});

describe("an upload_id", () => {
  it("opens nothing under another model's name", async () => {
    const app = createApp();
    const { upload_id, done } = await sent(app, iris.bytes);
    const taken = await complete(app, upload_id, { parts: done }, "wine");
    expect(await codeOf(taken)).toBe("404 upload_not_found");
    expect(await codeOf(await abort(app, upload_id, "wine"))).toBe("404 upload_not_found");
    expect((await complete(app, upload_id, { parts: done })).status).toBe(201);
  });

  it.each([
    ["a path", "../versions/1"],
    ["an empty name", ""],
    ["a slash", "a/b"],
  ])("cannot name another key by %s", async (_, id) => {
    const app = createApp();
    await app.bucket.put(modelBytesKey("iris", "1"), new Uint8Array([1]), DEADLINE);
    const beside = `models/iris/uploads/${id}/model.onnx`;
    await app.bucket.put(beside, new Uint8Array([1]), DEADLINE);
    const forged = btoa(`${id}.1.1.upload`).replaceAll("=", "");
    const parts = [{ number: 1, etag: "x" }];
    expect(await codeOf(await complete(app, forged, { parts }))).toBe("404 upload_not_found");
    expect(await codeOf(await abort(app, forged))).toBe("404 upload_not_found");
    expect(await app.bucket.head(modelBytesKey("iris", "1"), DEADLINE)).toMatchObject({ ok: true });
    expect(await app.bucket.head(beside, DEADLINE)).toMatchObject({ ok: true });
  });

  it.each(["nonsense", "%00", "a".repeat(5_000), "----"])("may be anything: %s", async (word) => {
    const app = createApp();
    expect(await codeOf(await abort(app, word))).toBe("404 upload_not_found");
  });
});
