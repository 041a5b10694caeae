import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readDeployment } from "../../../src/core/lifecycle/read-deployment.ts";
import { readDocument } from "../../../src/core/lifecycle/read-document.ts";
import { deploymentKey } from "../../../src/core/model/keys.ts";
import type { Bytes } from "../../../src/core/model/tensor.ts";
import type { StoreFailure } from "../../../src/core/ports/object-store.ts";
import { CHAOS } from "../../support/chaos-store.ts";
import { jsonBytes, putDeployment } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const KEY = "some/document.json";
const schema = z.object({ list: z.array(z.number()) });

async function holding(bytes: Bytes, key = KEY): Promise<TestCore> {
  const core = createTestCore();
  await core.bucket.put(key, bytes, { deadlineMs: 1_000 });
  return core;
}

const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

describe("reading a document", () => {
  it("answers the value with the etag it was read at", async () => {
    const { store } = await holding(jsonBytes({ list: [1, 2] }));
    expect(await readDocument(store, KEY, schema)).toEqual({
      ok: true,
      value: { value: { list: [1, 2] }, etag: expect.stringMatching(/^".+"$/) },
    });
  });

  it("says so when it still is what it was", async () => {
    const { store } = await holding(jsonBytes({ list: [] }));
    const read = await readDocument(store, KEY, schema);
    if (!read.ok) throw new Error("it is there");
    expect(await readDocument(store, KEY, schema, read.value.etag)).toMatchObject({
      failure: { reason: "unchanged" },
    });
  });

  it.each([
    ["a wrong value", jsonBytes({ list: [1, "two"] }), "list.1: "],
    ["a wrong document", jsonBytes([]), "it: "],
    ["a text cut short", utf8('{"list": [1'), "not JSON in UTF-8"],
    ["nothing", utf8(""), "not JSON in UTF-8"],
    ["bytes that are not UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "not JSON in UTF-8"],
    ["more than 1 MiB", new Uint8Array(1024 * 1024 + 1), "too_large"],
  ])("calls a document of %s invalid, and says where", async (_, bytes, detail) => {
    const { store } = await holding(bytes);
    expect(await readDocument(store, KEY, schema)).toMatchObject({
      failure: {
        reason: "invalid_document",
        detail: expect.stringContaining(detail),
      },
    });
  });

  const troubles: StoreFailure["reason"][] = ["unreachable", "denied", "throttled", "corrupt"];
  it.each(troubles)("passes the store's '%s' on as it is: never an absence", async (reason) => {
    const { store } = await holding(jsonBytes({ list: [] }));
    store.break(KEY, reason);
    expect(await readDocument(store, KEY, schema)).toMatchObject({
      failure: { reason, cause: CHAOS },
    });
  });
});

describe("reading a deployment", () => {
  it("keeps what a newer writer put there", async () => {
    const document = { model: "iris", rev: 1, aliases: {}, later: { on: true } };
    const { store } = await holding(jsonBytes(document), deploymentKey("iris"));
    expect(await readDeployment(store, "iris")).toMatchObject({ value: { value: document } });
  });

  it("refuses one that is another model's", async () => {
    const document = { model: "wine", rev: 1, aliases: {} };
    const { store } = await holding(jsonBytes(document), deploymentKey("iris"));
    expect(await readDeployment(store, "iris")).toEqual({
      ok: false,
      failure: {
        reason: "invalid_document",
        detail: "models/iris/deployment.json: model: it says 'wine'",
        etag: expect.stringMatching(/^"/),
      },
    });
  });

  it("asks conditionally when it knows an etag", async () => {
    const core = createTestCore();
    await putDeployment(core.bucket, "iris", 1, { production: { "1": 100 } });
    await readDeployment(core.store, "iris");
    await readDeployment(core.store, "iris", '"older"');
    expect(core.story()).toEqual(["get iris/deployment.json", "confirm iris/deployment.json"]);
  });
});
