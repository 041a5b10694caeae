import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SECRET_NAME } from "../../../src/core/model/strategies.ts";
import {
  answer,
  cutShort,
  type Fault,
  type FaultServer,
  reset,
  startFaultServer,
} from "../../support/fault-server.ts";
import { createInstantClock } from "../../support/registry-core.ts";
import {
  chatStrategy,
  completion,
  createTestRemote,
  oipAnswer,
  oipStrategy,
  question,
} from "../../support/remote.ts";

const NAME = "FRESHET_SECRET_GPU";

/** Remotes that say the secret back, wherever they can. */
const echoes: readonly ((secret: string) => Fault)[] = [
  (secret) => answer(401, secret),
  (secret) => answer(503, secret, { "retry-after": "0" }),
  (secret) =>
    answer(307, secret, {
      location: `https://elsewhere.example.com/?${encodeURIComponent(secret)}`,
    }),
  (secret) => answer(200, secret),
  (secret) => answer(200, `{"${secret}`),
  (secret) => answer(200, oipAnswer({ outputs: [{ name: secret }] })),
  (secret) =>
    answer(
      200,
      oipAnswer({ outputs: [{ name: "label", datatype: "INT64", shape: [1], data: [secret] }] }),
    ),
  (secret) => answer(200, completion(secret)),
  (secret) => answer(200, completion(JSON.stringify({ label: secret }))),
  (secret) => answer(200, completion(`{"label": ${secret}`)),
  (secret) => cutShort(10_000, secret),
  () => reset,
];

describe("a secret", () => {
  let server: FaultServer;
  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());

  it("is in no failure, its cause included, whatever the remote says back", async () => {
    const tokens = fc.stringMatching(/^[\x21-\x7e]{16,64}$/);
    const kinds = fc.constantFrom(oipStrategy, chatStrategy);
    await fc.assert(
      fc.asyncProperty(
        tokens,
        fc.constantFrom(...echoes),
        kinds,
        async (secret, echo, strategyOf) => {
          server.plan(echo(secret));
          const asking = createTestRemote({
            hosts: new URL(server.url).host,
            secrets: { [NAME]: secret },
            clock: createInstantClock(),
          });
          const strategy = strategyOf(server.url, { secret: NAME });
          const asked = await asking.remote.ask(asking.context, question(strategy));
          expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${secret}`);
          expect(asked.ok).toBe(false);
          expect(inspect(asked, { depth: 20, showHidden: true }).includes(secret)).toBe(false);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each(["line\nbreak-of-a-secret", "secret with spaces", "sécret-of-mine", ""])(
    "that no header can carry is not sent, nor told: %j",
    async (secret) => {
      server.plan(answer(200, oipAnswer()));
      const { remote, context } = createTestRemote({
        hosts: new URL(server.url).host,
        secrets: { [NAME]: secret },
      });
      const asked = await remote.ask(context, question(oipStrategy(server.url, { secret: NAME })));
      expect(asked).toMatchObject({ failure: { reason: "remote_secret_missing" } });
      expect(server.seen).toHaveLength(0);
      if (secret !== "") expect(inspect(asked, { depth: 20 })).not.toContain(secret);
    },
  );

  it("of another name is never looked up, however a stored deployment spells it", async () => {
    const asked: string[] = [];
    const secrets = new Proxy({}, { get: (_all, name) => void asked.push(String(name)) });
    const { remote } = createTestRemote({ hosts: new URL(server.url).host, secrets });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant("S3_SECRET_ACCESS_KEY")), (secret) => {
        fc.pre(!SECRET_NAME.test(secret));
        expect(remote.check(oipStrategy(server.url, { secret })).ok).toBe(false);
      }),
    );
    expect(asked).toEqual([]);
  });

  it("goes to no host that is not allowed", async () => {
    const other = await startFaultServer();
    other.plan(answer(200, oipAnswer()));
    server.plan(answer(307, "", { location: other.url }));
    const { remote, context } = createTestRemote({
      hosts: new URL(server.url).host,
      secrets: { [NAME]: "s3cret" },
    });
    await remote.ask(context, question(oipStrategy(server.url, { secret: NAME })));
    await remote.ask(context, question(oipStrategy(other.url, { secret: NAME })));
    expect(server.seen).toHaveLength(1);
    expect(other.seen).toHaveLength(0);
    await other.stop();
  });
});
