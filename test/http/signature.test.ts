import { createHash, generateKeyPairSync, sign as signWith } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { parsePublicKeys } from "../../src/adapters/web-platform/public-keys.ts";
import { createWebSignatureVerifier } from "../../src/adapters/web-platform/signature.ts";
import { signModel } from "../../src/core/lifecycle/signature/sign.ts";
import { fakeModel } from "../support/ask.ts";
import { ADMIN_TOKEN, createHttpApp, type HttpApp } from "../support/http-app.ts";
import { must } from "../support/must.ts";
import { publish } from "../support/publish.ts";
import { registryModel } from "../support/registry-models.ts";

const ADMIN = { authorization: `Bearer ${ADMIN_TOKEN}` };
const VERSIONS = "/v1/models/iris/versions";
const bytes = registryModel("a");
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const signatureOf = (signed: Uint8Array) =>
  signModel(createNodeDigest(), {
    fileName: "iris.onnx",
    digest: createHash("sha256").update(signed).digest("hex"),
    keyHint: "00",
    sign: (message) => signWith("sha256", message, privateKey),
  });

describe("a registry that takes signed versions only", () => {
  let app: HttpApp;
  beforeEach(() => {
    const keys = must(
      parsePublicKeys(publicKey.export({ type: "spki", format: "pem" }).toString()),
    );
    const verifier = createWebSignatureVerifier(keys);
    app = createHttpApp({ signatures: { policy: "require", verifier } });
  });

  function send(parts: Readonly<Record<string, string>>): Promise<Response> {
    const form = new FormData();
    form.set("model", new File([bytes], "iris.onnx"));
    for (const [name, part] of Object.entries(parts)) form.set(name, part);
    return app.request(VERSIONS, { method: "POST", headers: ADMIN, body: form });
  }

  it("takes the signature as a part of the form, and shows it with the version", async () => {
    const signature = await signatureOf(bytes);
    const answer = await send({
      signature: JSON.stringify(signature),
      manifest: '{"description":"three species"}',
    });
    expect(answer.status).toBe(201);
    const shown = await (await app.request(`${VERSIONS}/1`)).json();
    expect(shown).toMatchObject({ signature, description: "three species" });
  });

  it("takes it in the manifest", async () => {
    const signature = await signatureOf(bytes);
    expect((await send({ manifest: JSON.stringify({ signature }) })).status).toBe(201);
  });

  it.each([
    ["signature_missing", async () => ({})],
    [
      "signature_invalid",
      async () => ({ signature: JSON.stringify(await signatureOf(registryModel("b"))) }),
    ],
    ["signature_invalid", async () => ({ signature: "{}" })],
  ])("refuses with 422 %s", async (code, parts) => {
    const answer = await send(await parts());
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([422, code]);
    expect((await app.request(`${VERSIONS}`)).status).toBe(404);
  });

  it("refuses with 400 a part that is not JSON, and a signature that is there twice", async () => {
    const signature = await signatureOf(bytes);
    const broken = await send({ signature: "{" });
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({
      code: "invalid_json",
      detail: expect.stringContaining("the part 'signature'"),
    });
    const twice = await send({
      manifest: JSON.stringify({ signature }),
      signature: JSON.stringify(signature),
    });
    expect(twice.status).toBe(400);
  });

  it("does not serve what somebody put into the bucket unsigned, and says why", async () => {
    await publish(app.bucket, "wine", fakeModel(7, 100));
    const answer = await app.request("/v2/models/wine/ready");
    expect(answer.status).not.toBe(200);
    const index = await app.post("/v2/repository/index", {});
    expect(await index.json()).toMatchObject([
      { name: "wine", version: "1", reason: "signature_missing: the version is not signed" },
    ]);
  });
});
