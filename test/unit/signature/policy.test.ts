import { createHash, generateKeyPairSync, sign as signWith } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { parsePublicKeys } from "../../../src/adapters/web-platform/public-keys.ts";
import { createWebSignatureVerifier } from "../../../src/adapters/web-platform/signature.ts";
import { loadVersion } from "../../../src/core/lifecycle/load-version.ts";
import type {
  SignaturePolicy,
  SignatureRules,
} from "../../../src/core/lifecycle/signature/apply-policy.ts";
import { signModel } from "../../../src/core/lifecycle/signature/sign.ts";
import type { FreshetEvent } from "../../../src/core/ports/events.ts";
import { fakeModel } from "../../support/ask.ts";
import { failureOf, must } from "../../support/must.ts";
import { putVersion } from "../../support/publish.ts";
import { createTestRegistry, tryPublishing } from "../../support/registry-core.ts";
import { registryModel } from "../../support/registry-models.ts";
import { createTestCore } from "../../support/test-core.ts";

const digest = createNodeDigest();
const ours = generateKeyPairSync("ed25519");
const theirs = generateKeyPairSync("ed25519");

function rules(policy: SignaturePolicy, events: FreshetEvent[] = []): SignatureRules {
  const pem = ours.publicKey.export({ type: "spki", format: "pem" }).toString();
  const keys = must(parsePublicKeys(pem));
  const verifier = createWebSignatureVerifier(keys);
  return { policy, verifier, digest, events: { emit: (event) => void events.push(event) } };
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const signatureOf = (bytes: Uint8Array, by = ours) =>
  signModel(digest, {
    fileName: "model.onnx",
    digest: hashOf(bytes),
    keyHint: "00",
    sign: (message) => signWith(null, message, by.privateKey),
  });

describe("publishing under a signature policy", () => {
  const bytes = registryModel("a");
  const registry = (policy: SignaturePolicy, events?: FreshetEvent[]) => {
    const made = createTestRegistry();
    return { ...made, deps: { ...made.deps, signatures: rules(policy, events) } };
  };

  it("with 'require' takes a version that a trusted key signed, and keeps its signature", async () => {
    const { deps } = registry("require");
    const signature = await signatureOf(bytes);
    const published = must(await tryPublishing(deps, "iris", "a", { draft: { signature } }));
    expect(published.manifest.signature).toEqual(signature);
  });

  it.each([
    ["signature_missing", async () => undefined],
    ["signature_invalid", () => signatureOf(bytes, theirs)],
    ["signature_invalid", () => signatureOf(registryModel("another"))],
    ["signature_invalid", async () => "nonsense"],
  ])(
    "with 'require' refuses with %s before the engine or the bucket hears of it",
    async (reason, make) => {
      const { deps, calls, engine } = registry("require");
      const draft = { signature: await make() };
      const opened = engine.opened;
      expect(failureOf(await tryPublishing(deps, "iris", "a", { draft }))).toMatchObject({
        reason,
      });
      expect(calls()).toEqual([]);
      expect(engine.opened).toBe(opened);
    },
  );

  it("with 'require' does not take the old version of these bytes for signed: it never will be", async () => {
    const { deps } = registry("require");
    must(await tryPublishing({ ...deps, signatures: rules("off") }, "iris", "a"));
    const draft = { signature: await signatureOf(bytes) };
    expect(failureOf(await tryPublishing(deps, "iris", "a", { draft, alias: "staging" }))).toEqual({
      reason: "signature_missing",
      detail:
        "these bytes are version 1 already, and the version is not signed; delete it, then publish again",
    });
  });

  it("with 'require' answers the same version when it is sent twice", async () => {
    const { deps } = registry("require");
    const draft = { signature: await signatureOf(bytes) };
    must(await tryPublishing(deps, "iris", "a", { draft }));
    expect(must(await tryPublishing(deps, "iris", "a", { draft })).created).toBe(false);
  });

  it("with 'warn' tells of it and goes on", async () => {
    const events: FreshetEvent[] = [];
    const { deps } = registry("warn", events);
    must(await tryPublishing(deps, "iris", "a"));
    expect(events).toEqual([
      {
        kind: "signature_unverified",
        model: "iris",
        digest: hashOf(bytes),
        reason: "signature_missing",
        detail: "the version is not signed",
      },
    ]);
    const draft = { signature: await signatureOf(registryModel("b")) };
    must(await tryPublishing(deps, "iris", "b", { draft }));
    expect(events).toHaveLength(1);
  });

  it("with 'off' looks at nothing", async () => {
    const events: FreshetEvent[] = [];
    const { deps } = registry("off", events);
    must(await tryPublishing(deps, "iris", "a", { draft: { signature: "nonsense" } }));
    expect(events).toEqual([]);
  });
});

describe("loading under a signature policy", () => {
  const bytes = fakeModel(7, 100);

  async function load(policy: SignaturePolicy, signature: unknown) {
    const core = createTestCore();
    const events: FreshetEvent[] = [];
    await putVersion(core.bucket, "iris", "1", bytes, { signature });
    const deps = { ...core.deps, signatures: rules(policy, events) };
    const outcome = await loadVersion(deps, "iris", "1", core.context.background);
    const reason = outcome.ok ? "served" : outcome.failure.reason;
    return { reason, opened: core.fake.opened, events };
  }

  it("with 'require' serves what a trusted key signed", async () => {
    expect(await load("require", await signatureOf(bytes))).toMatchObject({ reason: "served" });
  });

  it.each([
    ["signature_missing", async () => undefined],
    ["signature_invalid", () => signatureOf(bytes, theirs)],
    ["signature_invalid", () => signatureOf(fakeModel(8, 100))],
  ])("with 'require' gives the engine no byte: %s", async (reason, make) => {
    expect(await load("require", await make())).toEqual({ reason, opened: 0, events: [] });
  });

  it("with 'warn' serves it and tells which version it is", async () => {
    const loaded = await load("warn", await signatureOf(bytes, theirs));
    expect(loaded).toMatchObject({
      reason: "served",
      events: [
        {
          kind: "signature_unverified",
          model: "iris",
          version: "1",
          digest: hashOf(bytes),
          reason: "signature_invalid",
        },
      ],
    });
  });

  it("with 'off' looks at nothing", async () => {
    expect(await load("off", "nonsense")).toMatchObject({ reason: "served", events: [] });
  });

  it("says that bytes are damaged before it says that they are not signed", async () => {
    const core = createTestCore();
    await putVersion(core.bucket, "iris", "1", bytes, { digest: "0".repeat(64) });
    const deps = { ...core.deps, signatures: rules("require") };
    const outcome = await loadVersion(deps, "iris", "1", core.context.background);
    expect(outcome).toMatchObject({ failure: { reason: "digest_mismatch" } });
  });
});
