import { describe, expect, inject, it } from "vitest";
import { parseAllowedHosts } from "../../src/adapters/remote/allowed-hosts.ts";
import { checkAddress } from "../../src/adapters/remote/check-address.ts";
import type { RemoteQuestion } from "../../src/core/ports/remote-models.ts";
import { breachOf } from "../../src/core/predict/premium/answer-schema.ts";
import "../support/provided-context.ts";
import { chatStrategy, createTestRemote, oipStrategy, question } from "../support/remote.ts";

const base = inject("remoteUrl");
const SECRET = "a-secret-of-the-tests";

const ask = (path: string, more: Partial<RemoteQuestion> = {}) => {
  const { remote, context } = createTestRemote({
    hosts: new URL(base).host,
    secrets: { FRESHET_SECRET_GPU: SECRET },
  });
  const strategy = oipStrategy(`${base}/${path}`, { secret: "FRESHET_SECRET_GPU" });
  return remote.ask(context, question(strategy, { requestId: crypto.randomUUID(), ...more }));
};

describe("a remote model, asked from inside workerd", () => {
  it.each(["good", "gzip"])("answers: %s", async (path) => {
    expect(await ask(path)).toMatchObject({
      value: {
        model: "iris",
        version: "2",
        outputs: [
          { name: "label", data: BigInt64Array.of(1n, 0n) },
          { name: "probabilities", data: Float32Array.of(0.25, 0.75, 0.5, 0.5) },
        ],
      },
    });
  });

  it("answers by chat", async () => {
    const { remote, context } = createTestRemote({ hosts: new URL(base).host });
    expect(await remote.ask(context, question(chatStrategy(`${base}/chat`)))).toMatchObject({
      value: { model: "large-1-2026", outputs: [{ shape: [2] }, { shape: [2, 2] }] },
    });
  });

  it("is sent the secret, a fixed user-agent and the request's id", async () => {
    expect(await ask("echo", { requestId: "r-1" })).toMatchObject({
      value: { model: `Bearer ${SECRET}|freshet|r-1` },
    });
  });

  it("is not followed by its redirect", async () => {
    expect(await ask("redirect")).toMatchObject({
      failure: { reason: "remote_refused", mayRetry: false },
    });
  });

  it.each(["big", "bomb", "endless"])("is cut off past 1 MiB: %s", async (path) => {
    expect(await ask(path)).toMatchObject({ failure: { reason: "remote_too_large" } });
  });

  it.each(["never", "stall"])("is left at the deadline: %s", async (path) => {
    expect(await ask(path, { deadlineMs: 150 })).toMatchObject({
      failure: { reason: "remote_timeout", mayRetry: true },
    });
  });

  it.each(["reset", "short"])("is unreachable when the connection breaks: %s", async (path) => {
    expect(await ask(path)).toMatchObject({
      failure: { reason: "remote_unreachable", mayRetry: true },
    });
  });

  it.each(["flaky-503", "flaky-reset", "flaky-short"])(
    "is asked a third time: %s",
    async (path) => {
      expect((await ask(path)).ok).toBe(true);
    },
  );

  it("tells no secret in what fails", async () => {
    const outcomes = await Promise.all(
      ["refused", "redirect", "big", "reset", "short"].map((path) => ask(path)),
    );
    for (const outcome of outcomes) {
      if (outcome.ok) throw new Error("it answered");
      const { cause, ...said } = outcome.failure;
      expect(`${JSON.stringify(said)} ${String(cause)} ${(cause as Error)?.stack}`).not.toContain(
        SECRET,
      );
    }
  });

  it.each(["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[0:0:0:0:0:0:0:1]"])(
    "has an address that is known as loopback however it is written: %s",
    (form) => {
      const hosts = parseAllowedHosts(`${form}:81`);
      if (!hosts.ok) throw new Error(hosts.failure.detail);
      const check = (isLocal: boolean) =>
        checkAddress({ hosts: hosts.value, isLocal }, `http://${form}:81/`).ok;
      expect([check(true), check(false)]).toEqual([true, false]);
    },
  );

  it("has its answer checked against a schema, where no code can be made of text", () => {
    const schema = { properties: { label: { items: { pattern: "^a$" } } } };
    const label = (data: readonly string[]) =>
      breachOf(schema, [{ name: "label", datatype: "BYTES", shape: [1], data }]);
    expect(label(["a"])).toBeUndefined();
    expect(label(["b"])).toMatch(/pattern/);
  });
});
