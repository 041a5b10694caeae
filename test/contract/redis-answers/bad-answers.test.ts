import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UpstashConfig } from "../../../src/adapters/upstash/client.ts";
import { createUpstashConversationStore } from "../../../src/adapters/upstash/conversation-store.ts";
import { createUpstashEntityStore } from "../../../src/adapters/upstash/entity-store.ts";
import type { EntityContent } from "../../../src/core/model/entity.ts";
import {
  answer,
  blackHole,
  cutShort,
  type Fault,
  type FaultServer,
  reset,
  startFaultServer,
} from "../../support/fault-server.ts";

const TOKEN = "TOKENTOKENTOKEN";
const LONG_MS = 10_000;
const SHORT_MS = 300;

const json = (status: number, body: unknown): Fault => answer(status, JSON.stringify(body));
/** The client sends one command as a pipeline of one. */
const result = (value: unknown): Fault => json(200, [{ result: value }]);
/** As Upstash sends texts when it is asked for base64. */
const texts = (...words: readonly string[]): Fault =>
  result(words.map((word) => Buffer.from(word).toString("base64")));

const content: EntityContent = {
  state: "open",
  features: { a: "VALUEVALUE" },
  createdAtMs: 1,
  updatedAtMs: 1,
};
const event = { category: "a", resource: "b", scene: "", isValid: true, text: '"VALUEVALUE"' };
const query = { latest: false, limit: 10, maxBytes: 1_000 };

const MAX_BYTES = 1_000;

type Call = (config: UpstashConfig, deadlineMs: number) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  "reading of entities": (config, deadlineMs) =>
    createUpstashEntityStore(config).getMany("match", ["a"], deadlineMs, MAX_BYTES),
  "write of entities": (config, deadlineMs) =>
    createUpstashEntityStore(config).swapMany(
      "match",
      [{ id: "a", expectedRev: 0, content }],
      deadlineMs,
    ),
  "list of entities": (config, deadlineMs) =>
    createUpstashEntityStore(config).list("match", { limit: 1, maxBytes: MAX_BYTES }, deadlineMs),
  "append of events": (config, deadlineMs) =>
    createUpstashConversationStore(config).append("c", [event], {
      maxEvents: 10,
      keepMs: 1_000,
      deadlineMs,
    }),
  "reading of events": (config, deadlineMs) =>
    createUpstashConversationStore(config).read("c", query, deadlineMs),
};

const failed = (reason: string) => ({ ok: false, failure: { reason } });

describe("what the stores over Upstash make of a bad answer", () => {
  let server: FaultServer;
  let config: UpstashConfig;
  beforeAll(async () => {
    server = await startFaultServer();
    config = { url: server.url, token: TOKEN, keyPrefix: "p:" };
  });
  afterAll(() => server.stop());

  describe.each(Object.entries(CALLS))("to a %s", (_, call) => {
    it.each<readonly [what: string, fault: Fault, reason: string]>([
      ["401", json(401, { error: "Unauthorized" }), "denied"],
      ["NOPERM of a read-only token", json(400, { error: "NOPERM no permissions" }), "denied"],
      ["a script's error", json(400, { error: "ERR user_script:1: bad" }), "refused"],
      ["JSON of some other service", json(200, { status: "fine" }), "unreachable"],
      ["a sign-in page with status 200", answer(200, "<html>hello</html>"), "unreachable"],
      ["a body cut short", cutShort(100, '{"result":["T0s='), "unreachable"],
      ["a reset connection", reset, "unreachable"],
      ["nothing", result(null), "refused"],
      ["a number", result(7), "refused"],
      ["a list of numbers", result([7, 7, 7]), "refused"],
      ["more than was asked for", texts("0", "0", "{}", "{}"), "refused"],
    ])("reads %s as a failure, never as absent, after one call", async (_what, fault, reason) => {
      server.plan(fault);
      expect(await call(config, LONG_MS)).toMatchObject(failed(reason));
      expect(server.seen).toHaveLength(1);
    });

    it("fails at the deadline when nobody answers", async () => {
      server.plan(blackHole);
      expect(await call(config, SHORT_MS)).toMatchObject(failed("unreachable"));
    });

    it("tells neither token nor value in a failure's detail", async () => {
      for (const fault of [json(401, { error: "Unauthorized" }), json(400, { error: "ERR" })]) {
        server.plan(fault);
        const outcome = JSON.stringify(await call(config, LONG_MS));
        expect(outcome).toContain('"ok":false');
        expect(outcome).not.toMatch(/TOKENTOKEN|VALUEVALUE/);
      }
    });
  });

  it.each([
    "1\nopen\n1\n1\n\n{}",
    "",
    "=",
    "=1",
    "=1\nclosed\n1\n1\n\n{}",
    "=1\nopen\n1\n1\n\n{",
    "=1\nopen\n1\n1\nx\n{}",
  ])("does not read %j as an entity", async (text) => {
    server.plan(texts(text));
    const read = await createUpstashEntityStore(config).getMany("match", ["a"], LONG_MS, MAX_BYTES);
    expect(read).toMatchObject(failed("refused"));
  });

  it.each(["", "{", "{}", "null", '{"id":"1","at":"x"}'])(
    "does not read %j as an event",
    async (text) => {
      server.plan(texts("0", "1", text));
      const read = await createUpstashConversationStore(config).read("c", query, LONG_MS);
      expect(read).toMatchObject(failed("refused"));
    },
  );
});
