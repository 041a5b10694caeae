import { describe, expect, it } from "vitest";
import type { UpstashConfig } from "../../../src/adapters/upstash/client.ts";
import type { SharedCacheFailure } from "../../../src/core/ports/shared-cache.ts";
import {
  answer,
  blackHole,
  cutShort,
  type Fault,
  type FaultServer,
  reset,
  stalled,
} from "../../support/fault-server.ts";

export const LONG_MS = 10_000;
const SHORT_MS = 300;

/** One use of a store; what it keeps says VALUEVALUE. */
export type Call<S> = (store: S, deadlineMs: number) => Promise<unknown>;

/** An answer, and what a store makes of it, whatever it had asked. */
export type BadAnswer = readonly [what: string, fault: Fault, reason: SharedCacheFailure["reason"]];

export const TOKEN = "TOKENTOKENTOKEN";

export const configAt = (url: string): UpstashConfig => ({ url, token: TOKEN, keyPrefix: "p:" });

export const json = (status: number, body: unknown): Fault => answer(status, JSON.stringify(body));

/** What a command gives: the client sends each as a pipeline of one. */
export const result = (value: unknown): Fault => json(200, [{ result: value }]);

/** As Upstash sends a text when it is asked for base64. */
export const base64 = (text: string): string => Buffer.from(text).toString("base64");

export const failed = (reason: SharedCacheFailure["reason"]) => ({
  ok: false,
  failure: { reason },
});

/** What is no answer to any command. */
const BAD_ANSWERS: readonly BadAnswer[] = [
  ["401", json(401, { error: "Unauthorized" }), "denied"],
  ["WRONGPASS", json(400, { error: "WRONGPASS invalid or missing auth token" }), "denied"],
  ["NOPERM of a read-only token", json(400, { error: "NOPERM no permissions" }), "denied"],
  ["Redis' refusal", json(400, { error: "ERR max daily request limit exceeded" }), "refused"],
  ["a script's error", json(400, { error: "ERR user_script:1: bad" }), "refused"],
  ["no memory left", json(400, { error: "OOM command not allowed" }), "refused"],
  ["JSON of some other service", json(200, { status: "fine" }), "unreachable"],
  ["502 in HTML", answer(502, "<html>bad gateway</html>"), "unreachable"],
  ["a sign-in page with status 200", answer(200, "<html>hello</html>"), "unreachable"],
  ["a body cut short", cutShort(100, '{"result":"T0s='), "unreachable"],
  ["a reset connection", reset, "unreachable"],
];

/**
 * What a store over Upstash makes of a server's bad answers, on each of its calls.
 * @param own answers that only this store cannot take
 */
export function describeBadAnswers<S>(
  serverOf: () => FaultServer,
  create: (config: UpstashConfig) => S,
  calls: Readonly<Record<string, Call<S>>>,
  own: readonly BadAnswer[] = [],
): void {
  describe.each(Object.entries(calls))("on %s", (_, call) => {
    const ask = (deadlineMs: number) => call(create(configAt(serverOf().url)), deadlineMs);

    it.each([...BAD_ANSWERS, ...own])(
      "reads %s as a failure of its own kind, after one call, and tells neither token nor value",
      async (_what, fault, reason) => {
        serverOf().plan(fault);
        const outcome = await ask(LONG_MS);
        expect(outcome).toMatchObject(failed(reason));
        expect(serverOf().seen).toHaveLength(1);
        expect(JSON.stringify(outcome)).not.toMatch(/TOKENTOKEN|VALUEVALUE/);
      },
    );

    it.each<readonly [what: string, fault: Fault]>([
      ["never answers", blackHole],
      ["freezes in the middle of its answer", stalled(100, '{"result":')],
    ])(
      "fails at the deadline when the server %s: neither a hit nor absent",
      async (_what, fault) => {
        serverOf().plan(fault);
        const startMs = performance.now();
        expect(await ask(SHORT_MS)).toMatchObject(failed("unreachable"));
        expect(performance.now() - startMs).toBeLessThan(SHORT_MS + 700);
      },
    );
  });
}
